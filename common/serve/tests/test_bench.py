# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark of the server: what it sends, and that it measures."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from serve import bench


class Bench(unittest.TestCase):
    def test_mixes_are_what_they_say(self):
        for mix in bench.MIXES:
            for context in (512, 1024):
                requests = bench.mix_of(mix, 60, context)
                self.assertEqual(requests, bench.mix_of(mix, 60, context))
                self.assertNotEqual(requests, bench.mix_of(mix, 60, context, seed=2))
                for prompt, count in requests:
                    self.assertLessEqual(len(prompt) + count, context)
                    self.assertGreater(count, 0)
        self.assertEqual(max(len(prompt) for prompt, _ in bench.mix_of("adversarial", 8, 1024)), 1000)
        chat = bench.mix_of("chat", 10, 512)
        self.assertEqual({tuple(prompt[:48]) for prompt, _ in chat}, {tuple(chat[0][0][:48])})
        self.assertEqual(len({tuple(prompt) for prompt, _ in chat}), 10)

    def test_quantiles(self):
        self.assertEqual(bench.quantile(range(100), 0.5), 50)
        self.assertEqual(bench.quantile([3, 1, 2], 0.99), 3)

    def test_it_measures(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "served.json")
            told = subprocess.run(
                [sys.executable, "-m", "serve.bench", os.environ["SERVE_PROGRAM"], "--clients=3", "--requests=6",
                 "--mix=adversarial", "--only", "all", "no batching", "--out", out, "--device=cpu", "--no-cache"],
                capture_output=True, text=True, check=True).stdout
            measured = json.loads(out.read_text())
            self.assertTrue(out.with_suffix(".svg").read_text().startswith("<?xml"))
        self.assertEqual(list(measured["results"]), ["all", "no batching"])
        for found in measured["results"].values():
            self.assertGreater(found["tokens_per_second"], 0)
            self.assertLessEqual(found["next_p50"], found["next_p99"])
            self.assertTrue(0 < found["own"] < 1)
        self.assertIn("first p50", told)


if __name__ == "__main__":
    unittest.main()
