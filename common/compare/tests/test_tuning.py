# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What --tune saw, ordered and drawn."""

import json
import tempfile
import unittest
from pathlib import Path

from compare import tuning
from compare.programs import UserError


def seen() -> dict:
    def trial(rows, part, **rest):
        times = {} if "problem" in rest else {"own_prompt": 0.5, "own_token": 0.02}
        return {"numbers": {"rows": rows, "part": part}, **times, **rest}

    return {
        "chapter": "ch06-vectorize",
        "schedule": "avx2",
        "cpu": "cpu of a test",
        "weights": "F32",
        "kv": "F32",
        "threads": 2,
        "parameters": 2_000_000,
        "prompt_tokens": 64,
        "complete": True,
        "best": 2,
        "trials": [
            trial(6, 64, prompt=0.5, token=0.02),
            trial(4, 64, problem="wrong: logits differ by 1e-1"),
            trial(8, 64, prompt=0.4, token=0.02),
            trial(8, 128, prompt=0.4, token=0.06, own_token=0.04),
        ],
    }


class Tuning(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def test_trials_are_shares_of_the_first_from_the_fastest_on(self):
        trials = tuning.ordered(seen())
        self.assertEqual([t["changes"] for t in trials[:1]], ["rows 8"])
        self.assertEqual(trials[1]["changes"], "its own: rows 6, part 64")
        self.assertEqual(trials[2]["changes"], "rows 8, part 128")
        self.assertAlmostEqual(trials[0]["prompt"], 0.8)
        self.assertAlmostEqual(trials[2]["token"], 1.5)

    def test_table_has_what_did_not_run(self):
        rows = tuning.table(seen())
        self.assertEqual(rows[1], ["its own: rows 6, part 64", "500 ms", "20.0 ms"])
        self.assertEqual(rows[2], ["**rows 8**", "× 0.80", "× 1.00"])
        self.assertEqual(rows[-1], ["rows 4", "wrong: logits differ by 1e-1", ""])

    def test_picture_is_written_in_both_kinds(self):
        for name in ("seen.svg", "seen.png"):
            tuning.save_picture(seen(), self.folder / name)
            self.assertGreater((self.folder / name).stat().st_size, 1000)

    def test_other_files_are_refused(self):
        path = self.folder / "seen.json"
        wrong = seen()
        wrong["best"] = 1  # which has a problem
        short = seen()
        del short["trials"][3]["token"]
        for text in ("", "[]", "{}", '{"trials": []}', json.dumps(wrong), json.dumps(short)):
            path.write_text(text)
            with self.assertRaisesRegex(UserError, "seen.json"):
                tuning.load(path)
        path.write_text(json.dumps(seen()))
        self.assertEqual(tuning.load(path), seen())
