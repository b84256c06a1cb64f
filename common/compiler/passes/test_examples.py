# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Passes.td says of each pass is so: its examples, run by gpt2-opt.

  test_examples.py GPT2_OPT PASSES.md     what mlir-tblgen -gen-pass-doc wrote

In a description, a block ```mlir that begins with "// name.mlir" is a file, one
that begins with "// pass{option=...}" is a program and the pipeline for it, and
the next one is what comes out, with ... for what is left out.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


def passes_in(reference):
    """The name, summary and description of each pass."""
    sections = re.split(r"^### `-(.+)`\n", reference, flags=re.MULTILINE)[1:]
    for name, text in zip(sections[::2], sections[1::2]):
        summary, _, description = text.strip().partition("\n")
        yield name, summary.strip("_ "), description


def squeezed(text):
    """`text` without comments, each space or line break one space."""
    return " ".join(re.sub(r"//.*", "", text).split())


def first_missing(expected, printed):
    """The first part of `expected` between "..." that `printed` does not have
    behind the one before; None if it has all."""
    printed = squeezed(printed)
    for part in map(str.strip, squeezed(expected).split("...")):
        at = printed.find(part)
        if at < 0:
            return part
        printed = printed[at + len(part) :]
    return None


class Examples(unittest.TestCase):
    def run_example(self, pipeline, program, folder):
        done = subprocess.run(
            [gpt2_opt, f"--pass-pipeline=builtin.module({pipeline})"],
            input=program, cwd=folder, capture_output=True, text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check(self, name, description):
        blocks = re.findall(r"^```mlir\n(.*?)^```$", description, re.DOTALL | re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            while blocks and (file := re.match(r"// (\S+\.mlir)\n", blocks[0])):
                (Path(folder) / file[1]).write_text(blocks.pop(0))
            self.assertEqual(len(blocks), 2, "expected a program and what it becomes")
            program, expected = blocks
            pipeline = re.match(r"// (.+)\n", program)
            self.assertIsNotNone(pipeline, "expected the pipeline in the first line")
            self.assertIn(name, pipeline[1])
            self.assertIsNotNone(first_missing(expected, program), "nothing changes")
            printed = self.run_example(pipeline[1], program, folder)
        missing = first_missing(expected, printed)
        self.assertIsNone(missing, f"\nexpected: {missing}\nin:\n{printed}")

    def test_every_pass_says_what_it_does(self):
        passes = list(passes_in(reference))
        self.assertGreater(len(passes), 30)
        for name, summary, description in passes:
            with self.subTest(name):
                self.assertTrue(summary)
                self.check(name, description)

    def test_a_wrong_example_is_found(self):
        printed = "a = 1\n  b = 2\n c = 3"
        self.assertIsNone(first_missing("a = 1 // one\n...\nc = 3", printed))
        self.assertEqual(first_missing("c = 3\n...\na = 1", printed), "a = 1")
        self.assertEqual(first_missing("a = 1\nc = 3", printed), "a = 1 c = 3")


if __name__ == "__main__":
    reference = Path(sys.argv.pop()).read_text()
    gpt2_opt = Path(sys.argv.pop()).resolve()
    unittest.main(verbosity=2)
