# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A chapter's program as a server, asked as clients ask, and as they should not.

usage: SERVE_PROGRAM=build/release/bin/ch07-specialize PYTHONPATH=common python3 -m unittest serve.tests.test_server
"""

import json
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from serve.tests.served import PROGRAM, Served

GREEDY = {"temperature": 0, "max_tokens": 24}
PROMPTS = ["Once upon a time", "The king said", "In the dark forest", "A", "The old woman had three sons, and the"]


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served("--texts=4", "--queue=100")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0

    def test_text_is_what_the_program_writes(self):
        for prompt in PROMPTS:
            alone = subprocess.run(
                [PROGRAM, "--device=cpu", "--greedy", "--max-new-tokens=24", "--", prompt],
                capture_output=True, text=True, check=True).stdout
            self.assertEqual((prompt + self.server.text(prompt=prompt, **GREEDY)).strip(), alone.strip())

    def test_text_is_the_same_in_any_mix(self):
        alone = {prompt: self.server.text(prompt=prompt, **GREEDY) for prompt in PROMPTS}
        wrong = []

        def ask(i):
            prompt = PROMPTS[i % len(PROMPTS)]
            if (text := self.server.text(prompt=prompt, **GREEDY)) != alone[prompt]:
                wrong.append((prompt, text))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_stream_has_the_same_text(self):
        for fields in ({}, {"stop": ["and"]}, {"echo": True}, {"logprobs": 2}):
            whole = self.server.text(prompt=PROMPTS[0], **GREEDY, **fields)
            chunks = self.server.stream(prompt=PROMPTS[0], **GREEDY, **fields)
            self.assertEqual("".join(c["choices"][0]["text"] for c in chunks), whole)
            self.assertEqual([c["choices"][0]["finish_reason"] for c in chunks[:-1]], [None] * (len(chunks) - 1))
            self.assertIsNotNone(chunks[-1]["choices"][0]["finish_reason"])

    def test_a_stream_tells_its_usage(self):
        chunks = self.server.stream(prompt=PROMPTS[0], **GREEDY, stream_options={"include_usage": True})
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertEqual(chunks[-1]["usage"]["completion_tokens"], 24)

    def test_several_texts(self):
        status, answer = self.server.complete(prompt=PROMPTS[:2], n=3, max_tokens=8, seed=7)
        self.assertEqual(status, 200)
        self.assertEqual([choice["index"] for choice in answer["choices"]], list(range(6)))
        self.assertEqual(len({choice["text"] for choice in answer["choices"]}), 6)
        self.assertEqual(answer["usage"]["completion_tokens"], 48)
        self.assertEqual(self.server.complete(prompt=PROMPTS[:2], n=3, max_tokens=8, seed=7)[1]["choices"],
                         answer["choices"])

    def test_probabilities_of_a_prompt(self):
        _, answer = self.server.complete(prompt=PROMPTS[0], max_tokens=2, temperature=0, echo=True, logprobs=3)
        choice = answer["choices"][0]
        scores = choice["logprobs"]
        self.assertEqual("".join(scores["tokens"]), choice["text"])
        self.assertIsNone(scores["token_logprobs"][0])
        self.assertTrue(all(x <= 0 for x in scores["token_logprobs"][1:]))
        for token, logprob, top, offset in list(zip(*(scores[k] for k in (
                "tokens", "token_logprobs", "top_logprobs", "text_offset"))))[1:]:
            self.assertEqual(len(top), 3)
            self.assertGreaterEqual(max(top.values()), logprob)
            self.assertEqual(choice["text"][offset:offset + len(token)], token)
        # Nothing but the prompt, as whoever compares texts asks.
        _, scored = self.server.complete(prompt=PROMPTS[0], max_tokens=0, echo=True, logprobs=3)
        count = len(scored["choices"][0]["logprobs"]["tokens"])
        for a, b in zip(scored["choices"][0]["logprobs"]["token_logprobs"][1:], scores["token_logprobs"][1:count]):
            self.assertAlmostEqual(a, b, places=4)

    def test_a_shared_beginning_is_not_computed_again(self):
        beginning = "The king had a daughter who was as beautiful as the day, and she sat by the window and "
        self.server.text(prompt=beginning + "spun", max_tokens=1)
        _, answer = self.server.complete(prompt=beginning + "sang", max_tokens=1)
        self.assertGreaterEqual(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 16)

    def test_models_health_metrics_and_page(self):
        status, _, body = self.server.ask("GET", "/v1/models")
        self.assertEqual((status, json.loads(body)["data"][0]["id"]), (200, "fairy-tales"))
        self.assertEqual(self.server.ask("GET", "/v1/models/fairy-tales")[0], 200)
        self.assertEqual(self.server.ask("GET", "/v1/models/other")[0], 404)
        self.assertEqual(self.server.ask("GET", "/health")[0], 200)
        status, headers, body = self.server.ask("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("text/html", headers["Content-Type"])
        self.assertEqual(re.findall(rb"(?:https?:)?//[a-z]", body), [])  # nothing of elsewhere
        before = self.count("gpt2_generation_tokens_total")
        self.server.text(prompt="A", max_tokens=5, temperature=0)
        self.assertTrue(wait_for(lambda: self.count("gpt2_generation_tokens_total") >= before + 5))

    def count(self, name):
        return float(re.search(rf"^{name} (.*)$", self.server.ask("GET", "/metrics")[2].decode(), re.M)[1])

    @unittest.skipUnless(shutil.which("curl"), "no curl here")
    def test_curl(self):
        answer = subprocess.run(
            ["curl", "-sS", "--fail", f"http://127.0.0.1:{self.server.port}/v1/completions", "-H",
             "Content-Type: application/json", "-d", json.dumps({"prompt": "A", **GREEDY})],
            capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(answer)["choices"][0]["text"], self.server.text(prompt="A", **GREEDY))


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Served("--texts=2", "--queue=2")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0

    def refused(self, status, method, path, body=None, headers=None):
        found, head, text = self.server.ask(method, path, body, headers)
        self.assertEqual(found, status, text)
        error = json.loads(text)["error"]
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertTrue(error["message"])
        self.assertNotIn("\n", error["message"])
        return head, error

    def test_what_is_no_request(self):
        post = lambda status, body: self.refused(status, "POST", "/v1/completions", body)[1]
        for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"prompt": "' + b"[" * 20000 + b'"',
                     b"[" * 100000, b'{"prompt": "a", "prompt": "b"}'):
            post(400, body)
        self.assertEqual(post(400, json.dumps({"max_tokens": -3}))["param"], "max_tokens")
        self.assertEqual(post(400, json.dumps({"prompt": ["a"] * 1000}))["param"], "prompt")
        self.assertEqual(post(400, json.dumps({"prompt": "a " * 3000}))["code"], "context_length_exceeded")
        self.assertEqual(post(404, json.dumps({"model": "gpt-5"}))["code"], "model_not_found")
        post(413, b"x" * (1 << 21))
        self.refused(404, "GET", "/v1/nothing")
        self.refused(404, "POST", "/health", "{}")
        self.refused(404, "GET", "/v1/completions")

    def test_a_full_queue(self):
        """All that is taken is answered, and the rest is told when to come back."""
        answers = []

        def ask():
            body = json.dumps({"prompt": "Once", "max_tokens": 400, "n": 4, "temperature": 0})
            answers.append(self.server.ask("POST", "/v1/completions", body))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        codes = [status for status, _, _ in answers]
        self.assertEqual(set(codes), {200, 429})
        for status, headers, body in answers:
            if status == 429:
                self.assertGreaterEqual(int(headers["Retry-After"]), 1)
                self.assertEqual(json.loads(body)["error"]["type"], "rate_limit_error")
            else:
                self.assertEqual(json.loads(body)["choices"][0]["finish_reason"] in ("length", "stop"), True)

    def test_a_client_that_leaves_makes_room(self):
        """What it asked for, seconds of work, is not done behind its back."""
        texts, tokens = 100, 500
        for stream in (True, False):
            before = self.server.stats()["tokens"]
            connection = self.server.connect()
            connection.request("POST", "/v1/completions", json.dumps(
                {"prompt": "Once", "max_tokens": tokens, "n": texts, "seed": 1, "stream": stream}))
            self.assertTrue(wait_for(lambda: self.server.stats()["running"] > 0))
            if stream:
                connection.getresponse().read(10)
            connection.close()
            self.assertTrue(wait_for(lambda: self.server.stats()["running"] == 0))
            self.assertEqual(self.server.stats()["waiting"], 0)
            self.assertLess(self.server.stats()["tokens"] - before, texts * tokens / 4)

    def test_connections_that_say_nothing(self):
        """A thousand of them, and slow ones, hold up nobody."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1200), most))
        silent = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(1000)]
        for half in silent[:50]:
            half.sendall(b"POST /v1/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        start = time.monotonic()
        self.assertEqual(self.server.complete(prompt="A", max_tokens=3)[0], 200)
        self.assertLess(time.monotonic() - start, 20)
        # A body that never comes is answered, and soon.
        silent[0].settimeout(30)
        answer = silent[0].recv(10000)
        self.assertRegex(answer, rb"^HTTP/1.1 400 ")
        self.assertIn(b"in time", answer)
        for connection in silent:
            connection.close()
        self.assertEqual(self.server.complete(prompt="A", max_tokens=3)[0], 200)

    def test_a_body_that_drips(self):
        """A byte each second keeps a connection alive, but not for long."""
        slow = socket.create_connection(("127.0.0.1", self.server.port))
        slow.sendall(b"POST /v1/completions HTTP/1.1\r\nContent-Length: 10000\r\n\r\n{")
        slow.setblocking(False)
        answer = b""
        start = time.monotonic()
        while not answer and time.monotonic() - start < 60:
            time.sleep(1)
            try:
                slow.sendall(b" ")
                answer = slow.recv(10000)
            except BlockingIOError:
                pass
        self.assertGreater(time.monotonic() - start, 10)
        self.assertRegex(answer, rb"^HTTP/1.1 408 ")
        self.assertIn("did not come to its end", json.loads(answer.split(b"\r\n\r\n")[1])["error"]["message"])
        slow.close()


class Keys(unittest.TestCase):
    def test_an_api_key(self):
        with Served("--api-key=secret") as server:
            body = json.dumps({"prompt": "A", "max_tokens": 1})
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"},
                            {"Authorization": "Bearer secrets"}, {"Authorization": "Bearer "}):
                status, _, text = server.ask("POST", "/v1/completions", body, headers)
                self.assertEqual(status, 401)
                self.assertEqual(json.loads(text)["error"]["code"], "invalid_api_key")
                self.assertEqual(server.ask("GET", "/metrics", headers=headers)[0], 401)
            right = {"Authorization": "Bearer secret"}
            self.assertEqual(server.ask("POST", "/v1/completions", body, right)[0], 200)
            self.assertEqual(server.ask("GET", "/health")[0], 200)


class Ends(unittest.TestCase):
    def test_what_is_under_way_is_finished(self):
        """Whole texts and streams, to their last byte."""
        server = Served("--texts=4")
        whole, streams = [], []
        fields = {"prompt": "Once", "max_tokens": 450, "n": 8, "temperature": 0}
        threads = [threading.Thread(target=lambda: whole.append(server.complete(**fields)))]
        threads += [threading.Thread(target=lambda: streams.append(server.stream(**fields))) for _ in range(6)]
        for thread in threads:
            thread.start()
        self.assertTrue(wait_for(lambda: server.stats()["running"] + server.stats()["waiting"] == 7 * 8))
        self.assertEqual(server.end(), 0)
        for thread in threads:
            thread.join()
        self.assertEqual(whole[0][0], 200)
        text = whole[0][1]["choices"][0]["text"]
        self.assertEqual(len(streams), 6)
        for chunks in streams:
            for i in range(8):
                told = "".join(c["text"] for chunk in chunks for c in chunk["choices"] if c["index"] == i)
                self.assertEqual(told, text)
        self.assertIn("no more requests are taken", server.said)

    def test_a_report_of_what_was_done(self):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report.json")
            server = Served(f"--report={report}")
            server.text(prompt="Once upon a time", max_tokens=7, temperature=0)
            self.assertEqual(server.end(), 0)
            told = json.loads(report.read_text())
        self.assertEqual((told["model"], told["tokens"], told["running"]), ("fairy-tales", 7, 0))
        self.assertEqual([(bucket["from"], bucket["to"]) for bucket in told["prompts"]], [(3, 4)])
        self.assertGreater(told["step_seconds"], told["model_seconds"])

    def test_a_port_that_is_taken(self):
        with Served() as server:
            other = subprocess.run([PROGRAM, "--serve", f"--port={server.port}", "--device=cpu"],
                                   capture_output=True, text=True, timeout=120)
            self.assertEqual(other.returncode, 1)
            self.assertIn("cannot listen at 127.0.0.1", other.stderr)


if __name__ == "__main__":
    unittest.main()
