# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the book quotes can be made of the results that are in the repository."""

import re
import tempfile
import unittest
from pathlib import Path

from compare import book, results
from compare.programs import UserError

from . import samples

ROOT = Path(__file__).parents[3]


class Book(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def test_pages_find_what_they_include(self):
        book.render(ROOT, self.folder)
        written = {path.name for path in self.folder.iterdir()}
        pages = "".join(path.read_text() for path in (ROOT / "book/pages").glob("*.md"))
        included = set(re.findall(r"\\include\{doc\} (\S+)", pages))
        self.assertLessEqual(included, written)
        pictures = set(re.findall(r"\\image html (\S+\.svg)", pages))
        self.assertLessEqual({p for p in pictures if "random" in p or "embedded" in p}, written)
        # Nothing is made for nothing.
        self.assertLessEqual({n for n in written if n.endswith(".md")}, included)

    def test_numbers_are_those_of_the_results(self):
        book.render(ROOT, self.folder)
        numbers = dict(
            re.findall(r'ALIASES \+= "(\w+)=(.*)"', (self.folder / "numbers.doxygen").read_text())
        )
        small = results.load(book.file_of(ROOT, "random-124m"))
        row = next(row for row in small["rows"] if row["chapter"] == "ch02-linalg")
        firsts = sorted(run["steps"][0] for run in row["runs"])
        seconds = float(numbers["ch02_first"].removesuffix(" ms")) / 1e3
        self.assertLessEqual(0.99 * firsts[0], seconds)
        self.assertLessEqual(seconds, 1.01 * firsts[-1])
        pages = "".join(path.read_text() for path in (ROOT / "book/pages").glob("*.md"))
        for name in re.findall(r"\\(ch\d\d_\w+|fma_\w+|clock_\w+|products\w*|chain_\w+)", pages):
            if not re.search(rf"\{{#{name}\}}|\\(ref|subpage) {name}\b", pages):
                self.assertIn(name, numbers)
        for name in numbers:
            self.assertRegex(pages, rf"\\{name}\b", "no page quotes it")

    def test_nothing_is_written_if_a_row_fails(self):
        def fails(arguments):
            return samples.results(), 1

        (self.folder / "book" / "results").mkdir(parents=True)
        with self.assertRaisesRegex(UserError, "nothing was written"):
            book.update(self.folder, ["embedded"], [], fails)
        self.assertEqual(list((self.folder / "book" / "results").iterdir()), [])

    def test_update_measures_and_rewrites(self):
        calls = []

        def succeeds(arguments):
            calls.append(arguments)
            return samples.results(), 0

        (self.folder / "book" / "results").mkdir(parents=True)
        readme = self.folder / "README.md"
        readme.write_text("a\n<!-- table of: results -->\nold\n<!-- end of table -->\nb\n")
        book.update(self.folder, ["embedded", "random-124m"], ["--bin=x"], succeeds)
        self.assertEqual(calls, [["--bin=x"], ["--bin=x", "--model=random-124m", "--threads=1,2"]])
        self.assertEqual(results.load(book.file_of(self.folder, "embedded")), samples.results())
        text = readme.read_text()
        self.assertIn("| ch02 | 9.50 s (9.00 to 10.0) | 3.79× |", text)
        self.assertNotIn("old", text)
        self.assertTrue(text.startswith("a\n") and text.endswith("-->\nb\n"))
        self.assertTrue((self.folder / "book/results/random-124m-bars.svg").exists())
