# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CONTRIBUTING.md, followed to the letter in a copy of the sources.

usage: test_contributing.py BUILD      a build of these sources, in any state

Each block of the page is applied in its turn: ```LANGUAGE PATH writes a file,
```diff goes through patch -p1, and of ```console what stands behind $ is run, and
must print the lines below it, with ... for what is left out. The copy's build
takes from BUILD all objects whose sources are the same.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
REUSE = Path(__file__).with_name("reuse_objects.py")

sys.path.insert(0, str(ROOT / "common/compiler/passes"))
from reuse_objects import write_records
from test_examples import first_missing


@dataclass
class Block:
    section: str
    line: int
    kind: str
    path: str
    text: str


def blocks_of(page):
    """The blocks of a page between fences, in order."""
    section = ""
    pattern = r"^## (?P<section>.+)$|^```(?P<kind>\S*) ?(?P<path>.*)\n(?P<text>(?s:.*?))^```$"
    for match in re.finditer(pattern, page, re.MULTILINE):
        if match["section"]:
            section = match["section"]
        else:
            line = page.count("\n", 0, match.start()) + 1
            yield Block(section, line, match["kind"], match["path"], match["text"])


def files_of(block):
    """What a block creates or changes."""
    if block.kind == "diff":
        return re.findall(r"^\+\+\+ b/(.+)$", block.text, re.MULTILINE)
    return [block.path] if block.path else []


def commands_of(block):
    """Each command, and what is to be seen of what it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


class Copy:
    """A copy of the sources, to which blocks are applied."""

    def __init__(self, folder):
        self.root = folder / "copy"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PRESET", "JOBS") and not name.endswith("_COMPILER_LAUNCHER")
        }
        self.environment |= {
            "XDG_CACHE_HOME": str(folder / "cache"),
            # If the compiler is called by ccache, it knows files of an earlier copy.
            "CCACHE_BASEDIR": str(self.root),
            "CCACHE_NOHASHDIR": "1",
        }
        shutil.copytree(ROOT, self.root, ignore=self.left_out)

    @staticmethod
    def left_out(folder, names):
        """What the build writes, and hidden folders."""
        return [
            name
            for name in names
            if name in ("build", "__pycache__")
            or (name.startswith(".") and Path(folder, name).is_dir())
        ]

    def configure(self, build):
        """As `build` was, to take what it has."""
        folder = self.root / "build/release"  # where ./tutorial looks
        records = self.root.parent / "records"
        write_records(records, ROOT, build, self.root, folder)
        launcher = [sys.executable, "-E", "-S", str(REUSE), str(records)]
        entries = []
        for line in (build / "CMakeCache.txt").read_text().split("\n"):
            entry = re.match(r"([\w-]+):(STRING|PATH|FILEPATH|BOOL)=(.*)", line)
            if not entry or str(ROOT) in entry[3] or entry[3].endswith("-NOTFOUND"):
                continue
            if entry[1] == "CMAKE_CXX_COMPILER_LAUNCHER":
                launcher += filter(None, entry[3].split(";"))
            else:
                entries.append(f'set({entry[1]} [==[{entry[3]}]==] CACHE {entry[2]} "")\n')
        settings = self.root.parent / "settings.cmake"
        settings.write_text("".join(entries))
        option = "-DCMAKE_CXX_COMPILER_LAUNCHER=" + ";".join(launcher)
        arguments = ["-G", "Ninja", "-S", self.root, "-B", folder, "-C", settings]
        self.run(["cmake", *arguments, option])

    def run(self, command, text=None):
        """What a command prints that may not fail."""
        exit_code, printed = self.result_of(command, text)
        assert exit_code == 0, f"{command}: exit code {exit_code}\n{printed}"
        return printed

    def result_of(self, command, text=None):
        done = subprocess.run(
            command, input=text, cwd=self.root, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout

    def apply(self, block):
        """Throws an AssertionError if the block does not do what it says."""
        try:
            if block.kind == "console":
                for command, expected in commands_of(block):
                    self.check(command, expected)
            elif block.kind == "diff":
                self.run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch"], block.text)
            else:
                self.write(block)
        except AssertionError as error:
            raise AssertionError(f"{PAGE.name}:{block.line}: {error}") from None

    def write(self, block):
        assert block.path, f"a block ```{block.kind} is neither a file nor a diff, nor console"
        path = self.root / block.path
        assert not path.exists(), f"{block.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def check(self, command, expected):
        """Runs a command. One that prints an error must fail, others must not."""
        start = time.monotonic()
        exit_code, printed = self.result_of(["bash", "-o", "pipefail", "-c", command])
        print(f"{time.monotonic() - start:6.1f} s  $ {command}", file=sys.stderr, flush=True)
        missing = first_missing(expected, printed)
        what = f"expected {missing!r}" if missing else f"exit code {exit_code}"
        fails = "error: " in expected
        if missing or (exit_code != 0) != fails:
            raise AssertionError(f"$ {command}\n{what}; it printed\n{printed}")


class Contributing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = PAGE.read_text()
        cls.blocks = list(blocks_of(cls.page))

    def test_it_can_be_followed(self):
        with tempfile.TemporaryDirectory(prefix="contributing-") as folder:
            copy = Copy(Path(folder))
            copy.configure(build)
            kinds = set()
            for block in self.blocks:
                copy.apply(block)
                kinds.add(block.kind)
            self.assertGreaterEqual(kinds, {"console", "diff", "cpp", "mlir", "cmake"})

    def test_what_is_named_is_there(self):
        text = re.sub(r"^```.*?^```$", "", self.page, flags=re.DOTALL | re.MULTILINE)
        paths = re.findall(r"`([\w.-]+/[\w./-]*)`|\]\(([^:)#]+)\)", text)
        paths = {path or link for path, link in paths}
        self.assertGreater(len(paths), 10)
        self.assertEqual([], sorted(path for path in paths if not (ROOT / path).exists()))
        commands = set(re.findall(r"\./tutorial (\w+)", text))
        known = set(re.findall(r"^(\w+)\)", (ROOT / "tutorial").read_text(), re.MULTILINE))
        self.assertIn("test", commands)
        self.assertEqual(set(), commands - known)

    def test_places_are_counted(self):
        """A section "A pass: 5 places" creates and changes so many files."""
        counted = {}
        for section in {block.section for block in self.blocks}:
            touched = {file for b in self.blocks if b.section == section for file in files_of(b)}
            if touched:
                title, places = section.split(": ")
                self.assertEqual(len(touched), int(places.split()[0]), section)
                anchor = f"{title}-{places}".lower().replace(" ", "-")
                counted[f"[{title.lower()}](#{anchor})"] = places.split()[0]
        table = re.findall(r"^\| (\[.*?\)) \| (\d+)\b", self.page, re.MULTILINE)
        self.assertEqual(counted, dict(table))
        self.assertEqual(len(counted), 5)

    def test_what_does_not_hold_is_found(self):
        def failure_of(kind, text, path=""):
            with self.assertRaises(AssertionError) as raised:
                copy.apply(Block("", 7, kind, path, text))
            return str(raised.exception)

        with tempfile.TemporaryDirectory(prefix="contributing-") as folder:
            copy = Copy(Path(folder))
            self.assertIn(
                "CONTRIBUTING.md:7: LICENSE is there already", failure_of("text", "", "LICENSE")
            )
            diff = "--- a/LICENSE\n+++ b/LICENSE\n@@ -1,1 +1,1 @@\n-no such line\n+line\n"
            self.assertIn("FAILED", failure_of("diff", diff))
            wrong = "$ echo one two\none\n...\nthree\n"
            self.assertIn("expected 'three'", failure_of("console", wrong))
            self.assertIn("exit code 3", failure_of("console", "$ echo one; exit 3\none\n"))
            self.assertIn("exit code 0", failure_of("console", "$ echo error: no\nerror: no\n"))
            self.assertIn("neither", failure_of("sh", "make\n"))
            copy.apply(Block("", 1, "console", "", "$ seq 4; exit 0\n1\n...\n4\n"))


if __name__ == "__main__":
    build = Path(sys.argv.pop()).resolve()
    unittest.main(verbosity=2)
