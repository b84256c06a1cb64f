# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each pass has its test beside it, as text: the pass order-loops, of
order_loops.cpp, has order_loops.mlir, which runs it. It may have more, each on
one theme: order_loops_sums.mlir.

usage: python3 common/compiler/passes/test_texts.py
"""

import re
import unittest
from pathlib import Path

PASSES = Path(__file__).parent


def names_in(definitions):
    """Of the passes that a Passes.td defines: def OrderLoops : Pass<"order-loops">."""
    return re.findall(r'\bdef\s+\w+\s*:\s*Pass<"([a-z0-9-]+)"', definitions)


def commands_of(text):
    """What lit runs of a text: its RUN lines, joined where one is continued."""
    lines = re.findall(r"^// RUN:(.*)$", text, re.MULTILINE)
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def runs(name, text):
    """Whether a command of the text gives gpt2-opt the pass."""
    option = re.compile(rf"\bgpt2-opt\b.*(?:--|[(,]){re.escape(name)}(?![\w-])")
    return any(option.search(command) for command in commands_of(text))


def missing(names, sources, texts):
    """What is not as it should be, given the passes' names, the .cpp files, and
    the .mlir files with what is in them."""
    found = []
    stems = {name.replace("-", "_"): name for name in names}
    for stem, name in stems.items():
        beside = [path for path in texts if path.stem == stem]
        if len(beside) != 1:
            found.append(f"{name} has {len(beside)} texts {stem}.mlir")
        for path in beside:
            if path.with_suffix(".cpp") not in sources:
                found.append(f"{path} is not beside {stem}.cpp")
            if not runs(name, texts[path]):
                found.append(f"{path} does not run --{name}")
    for path in texts:
        if path.stem in stems:
            continue
        of = [stem for stem in stems if path.stem.startswith(stem + "_")]
        if not of:
            found.append(f"{path} is of no pass")
        elif not runs(stems[max(of, key=len)], texts[path]):
            found.append(f"{path} does not run --{stems[max(of, key=len)]}")
    return found


class Texts(unittest.TestCase):
    def test_each_pass_has_one(self):
        definitions = PASSES / "Passes.td"
        if not definitions.exists():
            self.skipTest(f"{definitions} is not there, which names the passes")
        names = names_in(definitions.read_text())
        self.assertGreater(len(names), 30)
        sources = {path.relative_to(PASSES) for path in PASSES.rglob("*.cpp")}
        texts = {
            path.relative_to(PASSES): path.read_text() for path in sorted(PASSES.rglob("*.mlir"))
        }
        self.assertEqual([], missing(names, sources, texts))

    def test_names(self):
        self.assertEqual(
            ["order-loops", "tile-and-fuse"],
            names_in(
                'def OrderLoops : Pass<"order-loops"> {\n}\n'
                'def TileAndFuse\n    : Pass<"tile-and-fuse", "::mlir::func::FuncOp"> {\n}\n'
            ),
        )

    def test_what_is_missing_is_found(self):
        here = Path("tensor/order_loops.mlir")
        sources = {here.with_suffix(".cpp")}
        good = "// RUN: gpt2-opt %s \\\n// RUN:   --order-loops=registers=4 | FileCheck %s\n"
        self.assertEqual([], missing(["order-loops"], sources, {here: good}))
        nested = "// RUN: gpt2-opt %s --pass-pipeline='builtin.module(cse,order-loops)'\n"
        self.assertEqual([], missing(["order-loops"], sources, {here: nested}))
        self.assertEqual(
            ["order-loops has 0 texts order_loops.mlir"], missing(["order-loops"], sources, {})
        )
        self.assertEqual(
            [f"{here} is of no pass"], missing([], sources, {here: good})
        )
        for text in (
            "// --order-loops sorts loops\n// RUN: gpt2-opt %s\n",
            "// RUN: gpt2-opt %s --order-loops-again\n",
            "// RUN: mlir-opt %s --order-loops\n",
        ):
            self.assertEqual(
                [f"{here} does not run --order-loops"],
                missing(["order-loops"], sources, {here: text}),
            )
        more = Path("tensor/order_loops_sums.mlir")
        self.assertEqual([], missing(["order-loops"], sources, {here: good, more: good}))
        self.assertEqual(
            [f"{more} does not run --order-loops"],
            missing(["order-loops"], sources, {here: good, more: "// RUN: gpt2-opt %s\n"}),
        )
        there = Path("memory/order_loops.mlir")
        self.assertEqual(
            [f"{there} is not beside order_loops.cpp"],
            missing(["order-loops"], sources, {there: good}),
        )
        self.assertEqual(
            ["order-loops has 2 texts order_loops.mlir", f"{there} is not beside order_loops.cpp"],
            missing(["order-loops"], sources, {here: good, there: good}),
        )


if __name__ == "__main__":
    unittest.main()
