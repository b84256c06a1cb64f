# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page about passes, of what mlir-tblgen -gen-pass-doc wrote.

usage: pass_reference.py PASSES.md >page.md
"""

import re
import sys

INTRODUCTION = """\
# Passes of ours {#passes}

[TOC]

What upstream's passes do is in [MLIR's documentation](https://mlir.llvm.org/docs/Passes/). These are ours, as
`common/compiler/passes/Passes.td` says; a test runs every example. The first line of an example is the pipeline that it
is run with: `gpt2-opt --pass-pipeline="builtin.module(PIPELINE)" FILE`. What stands behind "becomes" is what is printed
then, with `...` for what is left out.
"""


def for_doxygen(line):
    """`line`, outside of code: a heading that pages can refer to, a %% that stays."""
    if pass_ := re.fullmatch(r"### `-(.+)`", line):
        return f"## {pass_[1]} {{#pass_{pass_[1].replace('-', '_')}}}"
    if line == "#### Options":
        return "Options:"
    return line.replace("%", "%%")


def page(reference):
    lines, in_code = [INTRODUCTION], False
    for line in reference.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        if not line.startswith("<!--"):
            lines.append(line if in_code else for_doxygen(line))
    return "\n".join(lines)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(page(file.read()))
