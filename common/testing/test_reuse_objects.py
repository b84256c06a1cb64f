# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Objects are reused where nothing has changed, and compiled where something has.

usage: python3 common/testing/test_reuse_objects.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from reuse_objects import write_records

REUSE = Path(__file__).with_name("reuse_objects.py")
SOURCES = {
    "shared.h": "",
    "Passes.h.inc": "",
    "plain.cpp": "",
    "shares.cpp": '#include "shared.h"\n',
    "declares.cpp": '#include "Passes.h.inc"\n',
    "registers.cpp": '#define GEN_PASS_REGISTRATION\n#include "Passes.h.inc"\n',
    "tied.cpp": "const char *folder = FOLDER;\n",
    "old.cpp": "",
}


class Reuse(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source, self.copy = Path(folder.name, "source"), Path(folder.name, "copy")
        self.records = Path(folder.name, "records")
        self.compiler = Path(folder.name, "compiler")  # which says what it compiles
        self.compiler.write_text('#!/bin/sh\necho "$5" >>compiled\nexec c++ "$@"\n')
        self.compiler.chmod(0o755)
        self.source.mkdir()
        for name, text in SOURCES.items():
            (self.source / name).write_text(text)
        shutil.copytree(self.source, self.copy)

    def build(self, root, launcher=""):
        """The names of what was compiled."""
        build = root / "build"
        build.mkdir(exist_ok=True)
        (build / "compiled").write_text("")
        rules = (
            f"rule cxx\n  command = {launcher} {self.compiler} -MD -MF $out.d -o $out $flags"
            " -c $in\n  depfile = $out.d\n  deps = gcc\n"
        )
        for name in SOURCES:
            if name.endswith(".cpp"):
                rules += f"build {name[:-4]}.o: cxx ../{name}\n"
        rules = rules.replace("tied.cpp\n", f"tied.cpp\n  flags = -DFOLDER='\"{root}\"'\n")
        (build / "build.ninja").write_text(rules)
        subprocess.run(["ninja", "-C", build], check=True, stdout=subprocess.DEVNULL)
        commands = subprocess.run(
            ["ninja", "-C", build, "-t", "compdb"], check=True, capture_output=True
        )
        (build / "compile_commands.json").write_bytes(commands.stdout)
        return set((build / "compiled").read_text().split())

    def test_what_has_changed_is_compiled(self):
        all_objects = {f"{name[:-4]}.o" for name in SOURCES if name.endswith(".cpp")}
        self.assertEqual(all_objects, self.build(self.source))
        later = (self.source / "old.cpp").stat().st_mtime + 60
        os.utime(self.source / "old.cpp", (later, later))  # as if it was edited since
        write_records(
            self.records, self.source, self.source / "build", self.copy, self.copy / "build"
        )
        launcher = f"{sys.executable} -E -S {REUSE} {self.records}"
        self.assertEqual({"tied.o", "old.o"}, self.build(self.copy, launcher))
        self.assertEqual(set(), self.build(self.copy, launcher))
        # What was reused is known to depend on what it was made of.
        (self.copy / "shared.h").write_text("int shared();\n")
        self.assertEqual({"shares.o"}, self.build(self.copy, launcher))
        (self.copy / "Passes.h.inc").write_text("int one_more();\n")
        self.assertEqual({"registers.o"}, self.build(self.copy, launcher))
        (self.copy / "plain.cpp").write_text("int other();\n")
        self.assertEqual({"plain.o"}, self.build(self.copy, launcher))


if __name__ == "__main__":
    unittest.main()
