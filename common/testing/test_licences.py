# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each source file names its licence in its first lines, as LICENSE does.

usage: python3 common/testing/test_licences.py
"""

import os
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {".cpp", ".h", ".def", ".inc", ".td", ".cu", ".mlir", ".py", ".pyi", ".cmake", ".sh"}
NAMES = {"CMakeLists.txt", "tutorial", "pyproject.toml", "Doxyfile"}
LINE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


def sources(root):
    """Source files below `root`; what the build writes and hidden folders are left out."""
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f != "build" and not f.startswith(".")]
        for name in files:
            path = Path(folder) / name
            if path.suffix in SOURCES or name in NAMES:
                yield path


def without_licence(paths):
    return [str(p) for p in paths if LINE not in "".join(p.read_text().split("\n", 2)[:2])]


class Licences(unittest.TestCase):
    def test_each_source_file_names_it(self):
        found = list(sources(ROOT))
        self.assertGreater(len(found), 500)
        self.assertEqual(without_licence(found), [])

    def test_it_is_that_of_the_file_LICENSE(self):
        self.assertIn(LINE.split(": ")[1], (ROOT / "LICENSE").read_text())


if __name__ == "__main__":
    unittest.main()
