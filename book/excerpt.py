# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cuts the part of a listing that a page talks about.

usage: excerpt.py FILE --around REGEX [--levels N]     MLIR: the N-th block of
                                                       braces around the match
       excerpt.py FILE --block REGEX                   assembly: the basic block
                                                       with the match
       excerpt.py FILE --from REGEX --to REGEX         the lines from one match
                                                       to the next

Exits with an error if nothing matches, so that a page cannot go stale quietly.
"""

import argparse
import re
import sys
import textwrap
from pathlib import Path


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def around(lines: list[str], at: int, levels: int) -> list[str]:
    """The lines from the N-th less indented line above `at` to its end."""
    first = at
    for _ in range(levels):
        depth = indentation(lines[first])
        while indentation(lines[first]) >= depth or not lines[first].strip():
            first -= 1
    depth = indentation(lines[first])
    last = first + 1
    while indentation(lines[last]) > depth or not lines[last].strip():
        last += 1
    return lines[first : last + 1]


def block(lines: list[str], at: int) -> list[str]:
    """The assembly from the label above `at` to the branch below it."""
    first = last = at
    while not re.match(r"^\.?L\w+:", lines[first]):
        first -= 1
    while not re.match(r"^\s+(j\w+|b\.\w+|cbnz)\s", lines[last]):
        last += 1
    keep = [line for line in lines[first : last + 1] if not re.match(r"\s*\.", line)]
    return [lines[first]] + [line for line in keep if line is not lines[first]]


def until(lines: list[str], at: int, pattern: str) -> list[str]:
    """The lines from `at` to the next that matches."""
    for last in range(at + 1, len(lines)):
        if re.search(pattern, lines[last]):
            return lines[at : last + 1]
    sys.exit(f"excerpt.py: nothing behind line {at + 1} matches {pattern}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--around")
    parser.add_argument("--levels", type=int, default=1)
    parser.add_argument("--block")
    parser.add_argument("--from", dest="first")
    parser.add_argument("--to", default="$^")
    args = parser.parse_args()
    lines = args.file.read_text().splitlines()
    pattern = args.around or args.block or args.first
    for at, line in enumerate(lines):
        if re.search(pattern, line):
            break
    else:
        sys.exit(f"excerpt.py: {args.file}: nothing matches {pattern}")
    if args.around:
        cut = around(lines, at, args.levels)
    elif args.block:
        cut = block(lines, at)
    else:
        cut = until(lines, at, args.to)
    print(textwrap.dedent("\n".join(cut)).expandtabs(8))


if __name__ == "__main__":
    main()
