# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kit, packed with the smallest model and the newest chapter alone, and run
from an empty folder, with no PATH to the build, on the emulator."""

import array
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

KIT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(KIT))

import predictions  # noqa: E402
import pretended  # noqa: E402
import tools  # noqa: E402

BIN = os.environ.get("KIT_BIN")


class Kit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = Path(cls.temporary.name)
        packed = folder / "kit.tar.gz"
        command = [
            sys.executable,
            KIT / "pack.py",
            packed,
            f"--bin={BIN}",
            "--chapters=ch06-vectorize",
        ]
        options = ["--models=fairy-tales", "--weights=bf16", "--chips=sm_90"]
        subprocess.run([*command, *options], check=True, capture_output=True)
        cls.size = packed.stat().st_size
        with tarfile.open(packed) as archive:
            archive.extractall(folder / "there")
        packed.unlink()
        (cls.kit,) = (folder / "there").iterdir()

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def run_kit(self, *options):
        """Exit code, what was printed, and the JSON."""
        out = self.kit / "out.json"
        out.unlink(missing_ok=True)
        process = subprocess.run(
            [sys.executable, self.kit / "run.py", f"--out={out}", *options],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.kit)},
            cwd="/",
            capture_output=True,
            text=True,
        )
        return process.returncode, process.stdout + process.stderr, json.loads(out.read_text())

    def test_all_steps_on_the_emulator(self):
        self.assertLess(self.size, 12_000_000)
        code, said, record = self.run_kit("--device=emulator", "--seconds=300")
        self.assertEqual(code, 0, said)
        self.assertEqual(record["wrong"], [])
        results = record["results"]
        self.assertIn("emulated GPU", list(results["self_check"].values())[0])
        (checks,) = results["kernels"].values()
        self.assertTrue(all(check["within"] for check in checks))
        self.assertEqual(
            {c["kernel"] for c in checks},
            {
                "embedding",
                "layernorm",
                "linear",
                "attention",
                "gelu",
                "residual",
                "logits",
                "update_cache",
            },
        )
        logits = {(r["library"].count("without"), r["way"]): r for r in results["logits"]}
        self.assertEqual(len(logits), 6)
        for (_, way), row in logits.items():
            self.assertLessEqual(row["difference"], row["tolerance"])
            self.assertGreater(row["difference"], 0)
            # One token alone is not rounded: what is expected of it is narrow.
            self.assertEqual(row["tolerance"] < 0.01, way == "token by token")
        self.assertTrue(logits[0, "again"]["bit_equal"])
        (row,) = results["times"]
        self.assertEqual((row["prompt"], row["token"]["count"]), (8, 2))
        self.assertEqual(results["mend"]["pass"], "fold-vector-accesses")
        ways = results["mend"]["behind 8"]
        self.assertGreater(min(ways["with"]["token"], ways["without"]["first"]), 0)
        kernels = {r["kernel"]: r for r in results["profile"]}
        # Five layers, and two tokens behind the prompt.
        self.assertEqual(kernels["linear_in_bf16_decode_3"]["launches"], 10)
        self.assertEqual(kernels["linear_in_bf16"]["launches"], 5)
        for step in ("yardsticks", "sanitizer", "ncu"):
            self.assertIsNone(results[step])
            self.assertTrue(record["steps"][step]["missing"])
        self.assertEqual(len(record["predictions"]), len(predictions.PREDICTIONS))

    def test_libraries_with_and_without_the_pass(self):
        for library in json.loads((self.kit / "kit.json").read_text())["libraries"]:
            text = (self.kit / library["file"]).read_bytes()
            (kernel,) = (
                [
                    part.split(b"\n}")[0]
                    for part in text.split(b".visible .entry ")
                    if part.startswith(b"linear_in_bf16_decode(")
                ]
                if library["kind"] != "kernels"
                else [None]
            )
            if kernel:
                wide, narrow = kernel.count(b"ld.global.v4.b32"), kernel.count(b"ld.global.b16")
                self.assertEqual((wide, narrow), (0, 8) if library["kind"] == "without" else (1, 0))

    def test_wrong_logits_are_loud(self):
        file = self.kit / "reference/fairy-tales-short-bf16.f4"
        before = file.read_bytes()
        values = array.array("f", before)
        values[5 * 4096 + 77] += 0.01
        file.write_bytes(values.tobytes())
        try:
            code, said, record = self.run_kit("--device=emulator", "--steps=logits")
        finally:
            file.write_bytes(before)
        self.assertEqual(code, 1)
        self.assertIn(
            "WRONG: libraries/ch06-vectorize-bf16-fairy-tales.so, 8 tokens, token by token", said
        )
        self.assertTrue(record["wrong"])

    def test_what_fails_is_noted_and_the_rest_goes_on(self):
        file = self.kit / "libraries/ch06-vectorize-bf16-kernels.so"
        moved = shutil.move(file, self.kit / "elsewhere")
        try:
            code, _, record = self.run_kit("--device=emulator", "--steps=kernels,self_check")
        finally:
            shutil.move(moved, file)
        self.assertEqual(code, 1)
        self.assertTrue(record["steps"]["kernels"]["failed"])
        self.assertFalse(record["steps"]["self_check"]["failed"])
        self.assertEqual(record["wrong"], [])

    def test_no_time(self):
        code, _, record = self.run_kit("--device=emulator", "--seconds=0.02")
        self.assertEqual(code, 1)
        self.assertTrue(
            any(
                "took longer" in line or "no time" in line
                for step in record["steps"].values()
                for line in step["failed"]
            )
        )

    def test_an_older_c_library(self):
        loader = self.kit / "lib/libc/ld.so"
        path = f"{self.kit}/lib/libc:{self.kit}/lib"
        process = subprocess.run(
            [loader, "--library-path", path, self.kit / "gpt2-run", "--help"],
            env={},
            capture_output=True,
            text=True,
        )
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn("usage: gpt2-run", process.stdout)


class Pretended(unittest.TestCase):
    """All steps as on a GPU, with pretended programs."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.kit, self.programs = pretended.make(Path(temporary.name), KIT)

    def run_kit(self, **environment):
        process = subprocess.run(
            [sys.executable, self.kit / "run.py"],
            env={"PATH": f"{self.programs}:/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
        )
        said = process.stdout + process.stderr
        return process.returncode, said, json.loads((self.kit / "result.json").read_text())

    def test_all_steps(self):
        code, said, record = self.run_kit()
        failed = {name: step["failed"] for name, step in record["steps"].items() if step["failed"]}
        self.assertEqual((code, failed, record["wrong"]), (0, {}, []), said)
        results = record["results"]
        self.assertEqual(results["yardsticks"], {"graph_node_us": 2.6})
        # Two prompts: twice each, and once more where a cache is kept.
        self.assertEqual(len(results["logits"]), 3 * 2 + 2 * 2 + 3 * 2)
        self.assertEqual({row["difference"] for row in results["logits"]}, {0.25})
        times = {(r["library"][10], r["prompt"], r["graphs"]): r for r in results["times"]}
        self.assertEqual(len(times), 2 * 5)
        self.assertAlmostEqual(times["b", 64, True]["token"]["median"], 1)
        self.assertAlmostEqual(times["b", 960, False]["token"]["median"], 2)
        self.assertAlmostEqual(times["b", 1024, True]["first"], 3)
        self.assertEqual(times["a", 64, True]["token"]["count"], 8)
        self.assertAlmostEqual(results["mend"]["behind 64"]["without"]["token"], 1.3)
        self.assertEqual(results["ncu"], {"linear": {"Duration [us]": 7.0}})
        self.assertEqual([row["errors"] for row in results["sanitizer"]], [0] * 6)
        predicted = {p["what"]: p for p in record["predictions"]}
        self.assertEqual(predicted["graph node"]["ratio"], 2)
        self.assertAlmostEqual(predicted["qkv, one token"]["measured"], 6)
        self.assertAlmostEqual(predicted["attention behind 1000"]["measured"], 96)
        self.assertAlmostEqual(predicted["token behind 64, saved by the pass"]["measured"], 0.3)

    def test_what_the_sanitizer_finds(self):
        code, said, record = self.run_kit(PRETENDED_ERRORS="3")
        self.assertEqual(code, 1)
        self.assertIn("WRONG: libraries/b-bf16-model.so: memcheck finds 3 errors", said)
        self.assertEqual([row["errors"] for row in record["results"]["sanitizer"]], [3, 0, 3] * 2)
        self.assertTrue(record["results"]["times"])

    def test_what_is_missing(self):
        for program in self.programs.iterdir():
            program.unlink()
        code, said, record = self.run_kit(CUDA_PATH="/nowhere")
        results, stages = record["results"], record["steps"]
        if not Path("/usr/local/cuda/bin/ncu").exists():
            self.assertEqual(stages["ncu"]["missing"], "there is no ncu here")
            self.assertIsNone(results["ncu"])
        self.assertEqual(record["wrong"], [])
        self.assertTrue(results["times"])
        self.assertIsNone(results["machine"]["nvidia_smi"])


class Comparing(unittest.TestCase):
    def test_what_is_no_number_is_far(self):
        a = array.array("f", [1, 2, 3])
        self.assertEqual(tools.largest_difference(a, array.array("f", [1, 2.5, 3])), 0.5)
        for position in range(3):
            b = a[:]
            b[position] = float("nan")
            self.assertEqual(tools.largest_difference(a, b), float("inf"))
        self.assertEqual(tools.largest_difference(a, a[:2]), float("inf"))
        self.assertEqual(tools.largest_difference(a[:0], a[:0]), float("inf"))

    def test_predictions(self):
        marks = {"l2_latency_ns": 300, "graph_node_us": 1.3}
        ways = {"with": {"token": 0.7, "first": 2}, "without": {"token": 1.0, "first": 3}}
        row = {
            "library": "x-bf16.so",
            "prompt": 64,
            "new_tokens": 9,
            "kernel": "linear_in_bf16_decode_3",
            "us": 20.0,
        }
        found = {
            p["what"]: p
            for p in predictions.beside(
                {"yardsticks": marks, "mend": {"behind 64": ways}, "profile": [row]}
            )
        }
        self.assertEqual(found["L2 latency"]["ratio"], 2)
        self.assertEqual(found["graph node"]["ratio"], 1)
        self.assertEqual(found["proj2, one token"]["ratio"], 1)
        self.assertAlmostEqual(found["token behind 64, saved by the pass"]["measured"], 0.3)
        self.assertIsNone(found["read rate"]["ratio"])


if __name__ == "__main__":
    unittest.main()
