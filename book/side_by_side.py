# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes listings beside each other, as HTML.

usage: side_by_side.py TITLE=FILE...
"""

import html
import sys
from pathlib import Path


def main() -> None:
    print('<div class="side-by-side">')
    for argument in sys.argv[1:]:
        title, file = argument.split("=", 1)
        text = html.escape(Path(file).read_text().rstrip("\n"))
        print(f"<div><b>{html.escape(title)}</b><pre>{text}</pre></div>")
    print("</div>")


if __name__ == "__main__":
    main()
