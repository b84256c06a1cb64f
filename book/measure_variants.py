"""Measures a chapter beside its parent and beside changes to its pipeline.

usage: measure_variants.py BIN_DIR CHAPTER [--runs 5] > book/results/CHAPTER.md

All run on random weights of GPT-2 small's sizes, T = 64, one thread, in turn,
so that whatever else the machine does befalls them alike. Bytes are what
--score counts. A variant is the chapter's pipeline, as --emit=pipeline prints
it, with some text replaced.
"""

import argparse
import datetime
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from measure import machine, run, seconds

MODEL = "--model=random-124m"
# Chapter: its parent, and its variants: title and replacements.
CHAPTERS = {
    "ch02-linalg": (
        "ch01-baseline",
        [("without `order-loops`", [(r"\norder-loops\{[^}]*\},?", "\n")])],
    ),
    "ch03-fusion": (
        "ch02-linalg",
        [
            ("blocking alone (`fuse=false`)", [("fuse=true", "fuse=false")]),
            (
                "fusion alone: a row at a time, no blocks",
                [
                    ("columns=64", "columns=4096"),
                    ("rows=64", "rows=1"),
                    ("depth=128", "depth=4096"),
                    ("strip=4", "strip=1"),
                ],
            ),
            ("sums not in registers (`registers=0`)", [("registers=256", "registers=0")]),
            ("without `contract-multiply-add`", [("contract-multiply-add,\n", "")]),
            (
                "without `loop-invariant-code-motion`",
                [(",\nloop-invariant-code-motion", "")],
            ),
            ("logits' sums in one part (`parts=768`)", [("parts=64", "parts=768")]),
            ("blocks of weights copied (`pack=true`)", [("pack=false", "pack=true")]),
            (
                "strips of 8 rows and 32 columns",
                [("columns=64", "columns=32"), ("strip=4", "strip=8")],
            ),
        ],
    ),
}


def score(command: list[str]) -> dict[str, str]:
    """The column of the prompt in what --score prints, by row."""
    text = subprocess.run(
        [*command, MODEL, "--score"], check=True, capture_output=True, text=True
    ).stdout
    rows = re.findall(r"^ *(\S.*?)  +(\S.*?)  +\S.*$", text, re.M)
    return {name: value for name, value in rows}


def replaced(pipeline: str, changes: list[tuple[str, str]]) -> str:
    for pattern, text in changes:
        pipeline, count = re.subn(pattern, text, pipeline)
        if count == 0:
            raise SystemExit(f"the pipeline has no {pattern}")
    return pipeline


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin_dir", type=Path)
    parser.add_argument("chapter", choices=CHAPTERS)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()

    parent, variants = CHAPTERS[args.chapter]
    program = str(args.bin_dir / args.chapter)
    with tempfile.TemporaryDirectory() as folder:
        ids = Path(folder) / "ids"
        ids.write_text("".join(f"{i}\n" for i in range(1, 65)))
        pipeline = subprocess.run(
            [program, MODEL, "--emit=pipeline"], check=True, capture_output=True, text=True
        ).stdout
        commands = {f"{parent}": [str(args.bin_dir / parent)], f"**{args.chapter}**": [program]}
        for i, (title, changes) in enumerate(variants):
            file = Path(folder) / f"{i}"
            file.write_text(replaced(pipeline, changes))
            commands[title] = [program, f"--pipeline={file}"]
        arguments = [
            MODEL,
            f"--token-ids={ids}",
            "--greedy",
            "--max-new-tokens=2",
            f"--cache-dir={folder}/cache",
        ]
        times = {title: [] for title in commands}
        for turn in range(args.runs + 1):
            for title, command in commands.items():
                result = run(command[0], [*command[1:], *arguments])
                if turn > 0:  # the first fills the cache
                    times[title].append(result["first token"])
        scores = {title: score(command) for title, command in commands.items()}

    base = statistics.median(times[parent])
    print(
        f"Prefill of 64 tokens by random weights of GPT-2 small's sizes, one thread: median (least to "
        f"most) of {args.runs} runs by `python3 book/measure_variants.py build/release/bin "
        f"{args.chapter}` on {datetime.date.today().isoformat()}: {machine()}.\n"
    )
    print("| | time | times faster | bytes read | bytes written | in temporaries | allocations |")
    print("|---" * 7 + "|")
    for title in commands:
        s = scores[title]
        print(
            f"| {title} | {seconds(times[title])} | {base / statistics.median(times[title]):.2f} | "
            f"{s['bytes read']} | {s['bytes written']} | {s['bytes in them']} | {s['allocations']} |"
        )


if __name__ == "__main__":
    main()
