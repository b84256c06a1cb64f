#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The first minutes on a GPU: is all that is computed right, and how fast is it?

usage: python3 run.py [--device cuda|hip|emulator] [--seconds 600] [--out FILE]

Runs all steps, each with a limit, and writes one JSON; prints tables at the end.
A step that fails is noted, and the next goes on. Wrong results are said loudly,
and end this with exit code 1. README.md says what each number is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import checks
import predictions
import speed
from tools import Failed, Tools, Unavailable

# In their order: what comes first decides whether the rest means anything. The
# seconds are what a step leaves to those behind it, of 600.
STEPS = [
    (checks.machine, 10),
    (speed.yardsticks, 50),
    (checks.self_check, 15),
    (checks.kernels, 40),
    (checks.logits, 130),
    (checks.sanitizer, 80),
    (speed.times, 100),
    (speed.mend, 40),
    (speed.profile, 25),
    (speed.ncu, 30),
    (speed.pytorch, 80),
]


def run_step(function, tools: Tools, until: float, record: dict) -> None:
    """Runs one step; what came of it, and why not, goes into `record`."""
    name = function.__name__
    start = time.monotonic()
    tools.deadline, tools.wrong, tools.failed = until, [], []
    entry: dict = {"seconds": 0.0, "missing": None, "failed": []}
    record["steps"][name] = entry
    record["results"][name] = None
    print(f"{name} ...", end=" ", flush=True)
    try:
        record["results"][name] = function(tools)
    except Unavailable as error:
        entry["missing"] = str(error)
    except Failed as error:
        tools.failed.append(str(error))
    except Exception as error:  # of this script: the next step is not to suffer
        tools.failed.append(f"{type(error).__name__}: {error}")
    entry["seconds"] = round(time.monotonic() - start, 2)
    entry["failed"] = tools.failed
    record["wrong"] += tools.wrong
    said = "WRONG" if tools.wrong else "failed" if tools.failed else entry["missing"] or "done"
    print(f"{said} ({entry['seconds']:.1f} s)", flush=True)
    for line in tools.wrong:
        print(f"  !!! WRONG: {line}", flush=True)
    for line in tools.failed[:4] + [f"... and {len(tools.failed) - 4} more"] * (
        len(tools.failed) > 4
    ):
        print(f"  {line}", flush=True)


def number(value) -> str:
    return "-" if value is None else f"{value:.3g}"


def table(title: str, head: list[str], rows: list[list]) -> None:
    if not rows:
        return
    cells = [head] + [[c if isinstance(c, str) else number(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        print(
            "  "
            + row[0].ljust(widths[0])
            + "".join("  " + c.rjust(w) for c, w in zip(row[1:], widths[1:]))
        )


def print_tables(record: dict) -> None:
    results = record["results"]
    table(
        "Logits against the reference",
        ["library", "tokens", "way", "difference", "tolerance", "bits"],
        [
            [
                r["library"],
                str(r["tokens"]),
                r["way"],
                r["difference"],
                r["tolerance"],
                {True: "the same", False: "OTHERS", None: ""}[r.get("bit_equal")],
            ]
            for r in results.get("logits") or []
        ],
    )
    table(
        "Time, ms",
        ["library", "prompt", "graphs", "first token", "per token"],
        [
            [
                r["library"],
                str(r["prompt"]),
                "yes" if r["graphs"] else "no",
                r.get("first"),
                r.get("token", {}).get("median"),
            ]
            for r in results.get("times") or []
        ],
    )
    pytorch = results.get("pytorch") or {}
    table(
        f"PyTorch {pytorch.get('torch')}, ms",
        ["what", "median", "least"],
        [
            [name, value["median"], value["least"]]
            for name, value in pytorch.items()
            if isinstance(value, dict) and "median" in value
        ],
    )
    table(
        "Yardsticks",
        ["what", "measured"],
        [[k, v] for k, v in (results.get("yardsticks") or {}).items()],
    )
    table(
        "With and without the pass, ms",
        ["where", "first with", "without", "token with", "without"],
        [
            [
                key,
                ways["with"]["first"],
                ways["without"]["first"],
                ways["with"]["token"],
                ways["without"]["token"],
            ]
            for key, ways in (results.get("mend") or {}).items()
            if isinstance(ways, dict)
        ],
    )
    table(
        "Predicted for an H100, and measured",
        ["what", "unit", "least", "most", "measured", "ratio"],
        [
            [p["what"], p["unit"], *p["predicted"], p["measured"], p["ratio"]]
            for p in record["predictions"]
            if p["measured"] is not None
        ],
    )
    table(
        "Not done",
        ["step", "why"],
        [
            [n, e["missing"] or e["failed"][0]]
            for n, e in record["steps"].items()
            if e["missing"] or e["failed"]
        ],
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "hip", "emulator"])
    parser.add_argument("--seconds", type=float, default=600, help="for all of it (default 600)")
    parser.add_argument(
        "--steps",
        help="only these, between commas, and machine; of: "
        + ", ".join(f.__name__ for f, _ in STEPS),
    )
    parser.add_argument(
        "--out", type=Path, help="the JSON (default: result.json in the kit's folder)"
    )
    args = parser.parse_args()
    kit = Path(__file__).resolve().parent
    out = (args.out or kit / "result.json").resolve()
    names = [function.__name__ for function, _ in STEPS]
    wanted = args.steps.split(",") if args.steps else names
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        parser.error(f"--steps: there is no {', '.join(unknown)}; there are: {', '.join(names)}")
    todo = [(f, share) for f, share in STEPS if f.__name__ in wanted or f is checks.machine]

    tools = Tools(kit, args.device)
    (kit / "work").mkdir(exist_ok=True)
    start = time.monotonic()
    scale = args.seconds / sum(share for _, share in STEPS)
    record: dict = {
        "kit": {k: v for k, v in tools.manifest.items() if k not in ("libraries", "references")},
        "device": args.device,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "wrong": [],
        "steps": {},
        "results": {},
        "predictions": [],
    }
    for i, (function, _) in enumerate(todo):
        left_to_others = scale * sum(share for _, share in todo[i + 1 :])
        run_step(function, tools, start + args.seconds - left_to_others, record)
        record["predictions"] = predictions.beside(record["results"])
        record["seconds"] = round(time.monotonic() - start, 2)
        # After each step: what was measured is there whatever happens next.
        partial = out.with_name(out.name + ".part")
        partial.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
        partial.replace(out)
        if function is checks.machine and not tools.runner:
            print("gpt2-run does not start here: nothing else can be done")
            return 1
    print_tables(record)
    print(f"\nwrote {out} after {record['seconds']:.0f} s")
    if record["wrong"]:
        print("\n" + "!" * 72)
        for line in record["wrong"]:
            print(f"WRONG: {line}")
        print("!" * 72)
        return 1
    failed = [name for name, entry in record["steps"].items() if entry["failed"]]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
