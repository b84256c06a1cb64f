# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables and pictures say what the results say."""

import tempfile
import unittest
from pathlib import Path

from compare import plots, quantities, tables
from compare.figures import Spread

from . import samples


class Tables(unittest.TestCase):
    def setUp(self):
        self.results = samples.results()

    def test_numbers(self):
        self.assertEqual(quantities.seconds(0.01234), "12.3 ms")
        self.assertEqual(quantities.seconds(0.9999), "1.00 s")
        self.assertEqual(quantities.seconds(123.4), "123 s")
        self.assertEqual(quantities.seconds(2.5e-6), "2.50 µs")
        self.assertEqual(quantities.count(12345678), "12.3 M")
        self.assertEqual(quantities.count(999), "999")
        self.assertEqual(quantities.percent(0.034), "3.4 %")
        self.assertEqual(quantities.percent(0.34), "34 %")
        self.assertEqual(quantities.spread(Spread(0.012, 0.011, 0.013, 5)), "12.0 ms (11.0 to 13.0)")
        self.assertEqual(quantities.spread(Spread(0.9, 0.9, 1.1, 5)), "900 ms (900 to 1.10 s)")
        self.assertEqual(quantities.spread(Spread(0.012, 0.012, 0.012, 1)), "12.0 ms")

    def test_times(self):
        text = tables.as_text(tables.time_table(self.results))
        self.assertIn("36.0 s (32.0 to 40.0)", text)
        self.assertIn("31.5 s", text)
        self.results["rows"][1]["runs"] = [{"tokens": 3, "steps": [9.0, 10.0]}]
        self.assertIn("≈ 29.0 s", tables.as_text(tables.time_table(self.results)))
        self.assertIn("Fewer runs, since they are slow: ch02.", tables.notes(self.results))

    def test_rows_that_could_not_run_say_so(self):
        self.results["rows"][1].update(status="unavailable", reason="no NVIDIA driver", runs=[])
        self.assertIn("ch02  unavailable: no NVIDIA driver",
                      tables.as_text(tables.time_table(self.results)))  # fmt: skip
        markdown = tables.as_markdown(tables.time_table(self.results)).splitlines()
        self.assertEqual(len({line.count("|") for line in markdown}), 1)

    def test_only_wanted_columns(self):
        self.results["settings"]["metrics"] = ["first"]
        titles = tables.time_table(self.results)[0]
        self.assertEqual(titles, ["", "T", "first token", "runs"])

    def test_speedups(self):
        cells = tables.speedup_table(self.results)[2]
        self.assertEqual(cells[:6], ["ch02", "3", "9.50 s", "3.79×", "3.79×", "84 %"])

    def test_contexts_and_passes(self):
        one, two = self.results["rows"]
        one["contexts"] = [{"tokens": 4, "steps": [9.0, 2.0]}]
        two["contexts"] = [{"tokens": t, "steps": [9.0, t / 4]} for t in (4, 8)]
        self.assertEqual(tables.context_table(self.results)[1:],
                         [["ch01", "2.00 s", "-"], ["ch02", "1.00 s", "2.00 s"]])  # fmt: skip
        one["passes"] = [{"name": n, "seconds": s}
                         for n, s in {"A": 1.0, "LLVM": 5.0, "B": 2.0, "C": 0.5}.items()]  # fmt: skip
        self.assertEqual(tables.pass_table(self.results, most=2)[1:],
                         [["ch01", "5.00 s", "3.50 s", "B 2.00 s, A 1.00 s"]])  # fmt: skip

    def test_columns_are_aligned(self):
        lines = tables.as_text(tables.time_table(self.results)).splitlines()
        self.assertEqual(len({len(line) for line in lines}), 1)

    def test_against(self):
        earlier = samples.results()
        for run in earlier["rows"][1]["runs"]:
            run["steps"] = [2 * run["steps"][0], *run["steps"][1:]]
        table = tables.against_table(self.results, earlier)
        first, token = [row for row in table if row[0] == "ch02"]
        self.assertEqual(first[3:], ["19.0 s", "9.50 s", "0.50", ""])
        self.assertEqual(token[5:], ["1.00", "within the spread"])

    def test_busy_machine_is_noticed(self):
        self.assertEqual(tables.busy_note(self.results), "")
        self.results["busy"]["others"] = 0.3
        self.assertIn("others used 30 %", tables.busy_note(self.results))

    def test_pictures(self):
        counts = dict.fromkeys(["flops", "bytes_read"], 7)
        for row in self.results["rows"]:
            row["score"] = {"tokens": 3, "cache": 1024, "prompt": counts, "next": counts}
            row["peak_memory"] = [1e6]
            row["passes"] = [{"name": "LLVM", "seconds": 1.0}, {"name": "CSE", "seconds": 0.1}]
            row["contexts"] = [{"tokens": t, "steps": [1.0, 2.0 * t]} for t in (2, 4)]
        with tempfile.TemporaryDirectory() as folder:
            files = plots.save_all(self.results, Path(folder), "x")
            self.assertEqual(
                {file.name for file in files},
                {f"x-{name}.{kind}" for name in plots.PLOTS for kind in ("svg", "png")},
            )
            for file in files:
                start = file.read_bytes()[:8]
                self.assertTrue(start.startswith((b"<?xml", b"\x89PNG")), file)
            self.assertEqual({file.name for file in Path(folder).iterdir()},
                             {file.name for file in files})  # fmt: skip

    def test_no_picture_without_numbers(self):
        self.results["rows"] = []
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(plots.save_all(self.results, Path(folder), "x"), [])
