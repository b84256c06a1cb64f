# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands that a Markdown file shows, and writes their output into it.

usage: outputs.py FILE.md...        (in the repository's root)

A command stands in a comment, and its output in the block behind it:

    <!-- output of: ./tutorial run "Once" -->
    ```
    $ ./tutorial run "Once"
    Once upon a time ...
    ```
    <!-- end of output -->

Output is what goes to stdout, in lines of at most 100 columns. A command that
fails stops the run, and the file stays as it was.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

BLOCK = re.compile(
    r"(<!-- output of: (?P<command>.*?) -->\n).*?(<!-- end of output -->)", re.DOTALL
)


def run(match: re.Match) -> str:
    command = match["command"]
    print(f"$ {command}", file=sys.stderr)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    lines = []
    for line in done.stdout.rstrip("\n").split("\n"):
        lines += textwrap.wrap(line, 100, break_long_words=False) or [""]
    text = "\n".join([f"$ {command}", *lines])
    return f"{match[1]}```\n{text}\n```\n{match[3]}"


def main() -> None:
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(BLOCK.sub(run, path.read_text()))


if __name__ == "__main__":
    main()
