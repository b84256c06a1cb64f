# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Includes point down: a file of common includes files of its own room, and of
rooms that stand before it in ROOMS. A folder that is not listed belongs to the
room around it.

usage: python3 common/testing/test_layers.py
"""

import re
import unittest
from pathlib import Path

COMMON = Path(__file__).parents[1]

# [rooms]
# From below.
ROOMS = [
    "support",
    "model",
    "reference",
    "limits",
    "device",
    "compiler/support",
    "compiler/dialect",
    "compiler/codegen",
    "compiler/schedule",
    "compiler/passes",
    "compiler/pipeline",
    "compiler",
    "compiler/inspect",
    "run",
    "serve",
    "chapter",
    "python",
]
# [rooms]
# Its own room, for tests: they may include what they like.
TESTING = ["testing", "chapter/conformance"]


def room_of(path):
    """The innermost room in which `path`, relative to common, stands."""
    for parent in Path(path).parents:
        if str(parent) in ROOMS + TESTING:
            return str(parent)
    return None


def includes_of(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)


def pointing_up(files):
    """Of (path, includes) pairs, what a file includes and should not."""
    found = []
    for path, includes in files:
        room = room_of(path)
        for include in includes:
            target = room_of(include)
            if target is None:  # of LLVM or MLIR, or written by the build
                continue
            if target in TESTING or ROOMS.index(target) > ROOMS.index(room):
                found.append(f"{path} includes {include}")
    return found


class Layers(unittest.TestCase):
    def test_includes_point_down(self):
        files = [
            (path.relative_to(COMMON), includes_of(path))
            for path in sorted(COMMON.rglob("*"))
            if path.suffix in (".h", ".cpp") and not path.name.endswith("_test.cpp")
        ]
        files = [(path, found) for path, found in files if room_of(path) not in TESTING]
        self.assertGreater(len(files), 200)
        self.assertEqual([], [str(path) for path, _ in files if room_of(path) is None])
        self.assertEqual([], pointing_up(files))

    def test_runner_needs_nothing_of_the_compiler(self):
        """Where an ahead-of-time compiled program runs, there is no LLVM."""
        for room in ("support", "model", "reference", "device", "run"):
            for path in (COMMON / room).rglob("*"):
                if path.suffix not in (".h", ".cpp") or path.name.endswith("_test.cpp"):
                    continue
                for include in re.findall(r'#include ["<]([^">]+)', path.read_text()):
                    self.assertFalse(include.startswith(("compiler/", "llvm/", "mlir/")), path)

    def test_what_points_up_is_found(self):
        self.assertEqual(
            ["compiler/codegen/codegen.cpp includes compiler/compile.h"],
            pointing_up([("compiler/codegen/codegen.cpp", ["compiler/compile.h"])]),
        )
        self.assertEqual([], pointing_up([("run/run.h", ["model/config.h", "mlir/IR/Builders.h"])]))
        self.assertEqual(1, len(pointing_up([("model/config.h", ["testing/test_files.h"])])))


if __name__ == "__main__":
    unittest.main()
