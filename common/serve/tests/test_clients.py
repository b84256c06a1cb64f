# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The server, as the package `openai` and Prometheus' own parser see it.

Both come from PyPI, into a virtual environment of their own; without it, this is
skipped (exit code 77).

usage: SERVE_PROGRAM=... python3 test_clients.py ENVIRONMENT
"""

import pathlib
import subprocess
import sys
import unittest

PACKAGES = ["openai>=1.40,<3", "prometheus_client>=0.20"]


def enter(environment):
    """Becomes the environment's Python."""
    python = pathlib.Path(environment, "bin", "python")
    ready = pathlib.Path(environment, "ready")
    if not ready.exists():
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", environment], capture_output=True, text=True)
        got = made if made.returncode else subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
            capture_output=True, text=True)
        if got.returncode:
            print("skipped: no", " and ".join(PACKAGES), "to be had:", got.stderr.strip().splitlines()[-1:])
            sys.exit(77)
        ready.touch()
    sys.exit(subprocess.run([python, "-W", "ignore", __file__]).returncode)


if len(sys.argv) > 1:
    enter(sys.argv.pop(1))

import openai  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

from serve.tests.served import Served  # noqa: E402


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served("--api-key=secret", "--texts=2", "--queue=1")
        cls.address = f"http://127.0.0.1:{cls.server.port}/v1"
        cls.client = openai.OpenAI(base_url=cls.address, api_key="secret", max_retries=0)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        assert cls.server.end() == 0

    def create(self, **fields):
        return self.client.completions.create(
            **{"model": "fairy-tales", "prompt": "Once upon a time", "max_tokens": 12, "temperature": 0, **fields})

    def test_a_text(self):
        answer = self.create(logprobs=2, seed=3, stop=["qq"], user="me")
        self.assertEqual(answer.object, "text_completion")
        self.assertEqual(answer.usage.completion_tokens, 12)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(len(answer.choices[0].logprobs.tokens), 12)
        self.assertEqual("".join(answer.choices[0].logprobs.tokens), answer.choices[0].text)

    def test_a_stream(self):
        whole = self.create().choices[0].text
        chunks = list(self.create(stream=True, stream_options={"include_usage": True}))
        self.assertEqual("".join(chunk.choices[0].text for chunk in chunks if chunk.choices), whole)
        self.assertEqual(chunks[-1].usage.completion_tokens, 12)

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], ["fairy-tales"])
        self.assertEqual(self.client.models.retrieve("fairy-tales").object, "model")

    def test_errors_have_their_kinds(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.create(temperature=9)
        self.assertEqual(caught.exception.param, "temperature")
        with self.assertRaises(openai.NotFoundError):
            self.create(model="gpt-5")
        with self.assertRaises(openai.AuthenticationError):
            openai.OpenAI(base_url=self.address, api_key="wrong").models.list()

    def test_who_is_refused_comes_back(self):
        """The package waits as Retry-After says, and tries again."""
        from concurrent.futures import ThreadPoolExecutor

        patient = openai.OpenAI(base_url=self.address, api_key="secret", max_retries=20)
        ask = lambda _: patient.completions.create(
            model="fairy-tales", prompt="Once", max_tokens=200, temperature=0).choices[0].text
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(ask, range(8)))
        self.assertEqual(len(set(texts)), 1)
        patient.close()

    def test_metrics(self):
        self.create()
        body = self.server.ask("GET", "/metrics", headers={"Authorization": "Bearer secret"})[2].decode()
        families = {family.name: family for family in text_string_to_metric_families(body)}
        samples = {(sample.name, *sample.labels.values()): sample.value
                   for family in families.values() for sample in family.samples}
        self.assertEqual(families["gpt2_time_to_first_token_seconds"].type, "histogram")
        self.assertEqual(families["gpt2_generation_tokens"].type, "counter")
        self.assertGreaterEqual(samples["gpt2_requests_total", "length"], 1)
        self.assertEqual(samples["gpt2_time_to_first_token_seconds_bucket", "+Inf"],
                         samples["gpt2_time_to_first_token_seconds_count",])
        self.assertEqual(samples["gpt2_requests_total", "error"], 0)


if __name__ == "__main__":
    unittest.main()
