# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measuring programs that pretend: rounds, failures, and the exit code."""

import contextlib
import io
import os
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from compare import __main__ as program
from compare import plan, programs, results
from compare.programs import ProgramFailed, UserError

from . import samples


class Measuring(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        # The Python that tests may have PyTorch; its row is not the subject.
        no_torch = mock.patch.object(plan.importlib.util, "find_spec", return_value=None)
        no_torch.start()
        self.addCleanup(no_torch.stop)

    def compare(self, *names: str, built: tuple = (), options: tuple = ()) -> tuple[int, dict, str]:
        """Exit code, results, and what was printed."""
        samples.pretend(self.bin, *(built or names))
        arguments = [f"--bin={self.bin}", f"--all-chapters={','.join(names)}", "--tokens=3"]
        arguments += ["--new-tokens=4", "--name=x", f"--output={self.folder}/out", *options]
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = program.run(arguments)
        return code, results.load(self.folder / "out" / "x.json"), out.getvalue()

    def test_all_is_measured(self):
        code, measured, text = self.compare("a", "b")
        self.assertEqual(code, 0)
        for row in measured["rows"]:
            self.assertEqual(row["status"], "ok")
            self.assertEqual(row["compile"], [0.5] * 5)
            self.assertEqual([run["steps"] for run in row["runs"]], [[0.001] * 4] * 5)
            self.assertLess(row["difference"], 2e-6)
            self.assertEqual(row["tolerance"], 0.001)
            self.assertEqual(row["score"]["prompt"]["flops"], 7)
            self.assertEqual(
                row["passes"],
                [{"name": "CSE", "seconds": 0.2}, {"name": "LLVM", "seconds": 0.2}],
            )
            # Of 1, 16, 64, ... what a context of 32 has room for.
            self.assertEqual([p["tokens"] for p in row["contexts"]], [1, 16, 30])
            self.assertNotIn("batch", row)
            self.assertGreater(min(row["peak_memory"]), 1e6)
        self.assertEqual(len(measured["limits"][0]["samples"]), 5)
        self.assertIn("1.00 ms", text)
        self.assertIn("--tokens=3", measured["command"])
        self.assertNotIn("--bin", measured["command"])

    def test_chapters_take_turns(self):
        self.compare("a", "b")
        counted = [
            line.split()[0]
            for line in (self.bin / "calls").read_text().splitlines()
            if "--max-new-tokens=4" in line
        ]
        self.assertEqual(counted, ["a", "b"] * 5)

    def test_one_new_token_has_no_time_per_token(self):
        with self.assertRaisesRegex(UserError, "--new-tokens=1: expected at least 2"):
            self.compare("a", options=("--new-tokens=1",))

    def test_the_first_run_is_not_counted_and_later_ones_warm_up(self):
        self.compare("a")
        runs = [call for call in samples.calls(self.bin, "a") if "--report" in call]
        self.assertNotIn("--warm-up", runs[0])
        self.assertIn("--max-new-tokens=2", runs[0])
        counted = [call for call in runs if "--max-new-tokens=4" in call]
        self.assertTrue(all("--warm-up" in call for call in counted))

    def test_slow_chapters_do_fewer_runs_and_it_is_said(self):
        # The pretended program is slow by its own account only; seconds that
        # rows may spend are those of the clock.
        with mock.patch("compare.measure.time.monotonic", side_effect=range(0, 100000, 3)):
            code, measured, text = self.compare("slow", "a", options=("--seconds=5",))
        slow, fast = measured["rows"]
        # Two tokens of 2 s are what 5 s have room for, and more than a second.
        self.assertEqual([run["steps"] for run in slow["runs"]], [[2.0, 2.0]])
        self.assertEqual(len(fast["runs"]), 5)  # less than a second: all are done
        self.assertIn("Fewer runs, since they are slow: slow.", text)
        self.assertIn("≈", text)
        self.assertEqual(slow["contexts_skipped"], [1, 16, 30])

    def test_a_crash_is_a_row(self):
        code, measured, text = self.compare("a", "crash", "refuse")
        self.assertEqual(code, 1)
        self.assertEqual([row["status"] for row in measured["rows"]], ["ok", "failed", "failed"])
        self.assertIn("failed: crash was ended by SIGSEGV", text)
        self.assertIn("failed: out of patience", text)

    def test_a_missing_chapter_is_a_row(self):
        code, measured, text = self.compare("a", "b", built=("a",))
        self.assertEqual(code, 1)
        self.assertIn("missing: not built; try ./tutorial build b", text)

    def test_what_the_machine_lacks_is_a_row_and_no_failure(self):
        code, measured, text = self.compare("a", "gpu", options=("--threads=1,2",))
        self.assertEqual(code, 0)
        self.assertIn("unavailable: no NVIDIA driver", text)
        self.assertIn("unavailable: runs on 1 thread", text)

    def test_wrong_logits_are_told(self):
        code, measured, text = self.compare("a", "wrong", "nan")
        self.assertEqual(code, 1)
        self.assertEqual([row["status"] for row in measured["rows"]], ["ok", "wrong", "wrong"])
        self.assertIn("logits differ by 0.5 from the reference; rounding explains 0.001", text)
        self.assertIn("logits differ by nan", text)

    def test_a_cache_is_tried_in_batches_and_token_by_token(self):
        code, measured, text = self.compare("a", "cached", "cached-forgets")
        self.assertEqual(code, 1)
        good, bad = measured["rows"][1:]
        self.assertEqual(
            [(p["width"], p["tokens"]) for p in good["batch"]],
            [(1, 16), (2, 32), (4, 64), (8, 128), (16, 256)],
        )
        self.assertIn("tokens/s of sequences at once", text)
        self.assertIn("16000", text)
        # One token after the other, its logits are others.
        self.assertEqual((good["status"], bad["status"]), ("ok", "wrong"))

    def test_only_wanted_metrics_are_measured(self):
        _, measured, text = self.compare("a", options=("--metrics=first",))
        row = measured["rows"][0]
        self.assertEqual([run["steps"] for run in row["runs"]], [[0.001]] * 5)
        for metric in ("compile", "score", "passes", "contexts", "difference"):
            self.assertNotIn(metric, row)
        calls = samples.calls(self.bin, "a")
        self.assertFalse([c for c in calls if "--score" in c or "--no-cache" in c or "--dump" in c])

    def test_bad_options(self):
        for options, message in {
            ("--chapters=z",): "there is no chapter 'z'; there are: a",
            ("--metrics=speed",): "there is no metric 'speed'",
            ("--tokens=0",): "expected numbers of 1 or more",
            ("--runs=-1",): "expected a number of 1 or more",
            ("--frobnicate",): "unrecognized arguments: --frobnicate",
            ("--tokens=30",): "the model's context is 32",
            ("--against=/nowhere.json",): "No such file",
            ("--variants=a",): "a has no variants",
        }.items():
            with self.assertRaisesRegex(UserError, message):
                self.compare("a", options=options)
            self.assertFalse((self.folder / "out" / "x.json").exists())

    def test_against_another_model_is_refused(self):
        earlier = samples.results()
        earlier["model"]["layers"] = 2
        results.save(self.folder / "earlier.json", earlier)
        with self.assertRaisesRegex(UserError, "a model of other sizes"):
            self.compare("a", options=(f"--against={self.folder}/earlier.json",))

    def test_against(self):
        self.compare("a")
        earlier = self.folder / "out" / "x.json"
        _, _, text = self.compare("a", options=(f"--against={earlier}",))
        self.assertIn("now : then", text)
        self.assertRegex(text, r"first token +1\.00 ms +1\.00 ms +1\.00 +within the spread")


class Programs(unittest.TestCase):
    def test_memory_and_other_programs(self):
        used = "x = bytearray(100_000_000); sum(range(10**6))"
        run = programs.run(["/usr/bin/env", "python3", "-c", used])
        self.assertGreater(run.peak_memory, 100_000_000)
        self.assertLess(run.peak_memory, 1_000_000_000)
        self.assertGreaterEqual(run.busy.others, 0)
        self.assertAlmostEqual(run.busy.available, run.seconds * os.cpu_count())

    def test_others_are_noticed(self):
        # /proc/stat says 2.5 s of work and 0.5 s stolen; the program used next to
        # nothing.
        with mock.patch.object(programs, "processor_times", side_effect=[(10, 1), (12.5, 1.5)]):
            run = programs.run(["true"])
        self.assertAlmostEqual(run.busy.others, 2.5, delta=0.2)
        self.assertEqual(run.busy.steal, 0.5)

    def test_a_program_that_hangs_is_stopped(self):
        start = time.monotonic()
        with mock.patch.object(programs, "LIMIT", 0.2):
            with self.assertRaisesRegex(ProgramFailed, "sleep took longer than 0.2 s"):
                programs.run(["sleep", "60"])
        self.assertLess(time.monotonic() - start, 30)

    def test_failures(self):
        with self.assertRaisesRegex(ProgramFailed, "none: No such file"):
            programs.run(["/nowhere/none"])
        with self.assertRaisesRegex(ProgramFailed, "sh ended with exit code 3"):
            programs.run(["sh", "-c", "exit 3"])
        with self.assertRaisesRegex(ProgramFailed, "wrote no JSON"):
            programs.run(["true"], report=True)
