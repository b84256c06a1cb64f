"""Measures chapter 1 and writes the table that its page shows.

usage: measure.py PROGRAM [--runs 3] > book/results/ch01-baseline.md

Runs the chapter's program on the embedded model and on random weights of GPT-2
small's sizes, each run in a process of its own. The times are those that the
program itself prints; peak memory is the kernel's account of the process.
"""

import argparse
import datetime
import os
import platform
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

UNITS = {"ms": 1e-3, "s": 1.0}


def multiply_adds(L: int, C: int, V: int, T: int) -> int:
    """Of one forward pass over T tokens that gives one row of logits: the
    matrices, causal attention's scores and weighted values, the logits."""
    return L * (12 * C * C * T + C * T * (T + 1)) + V * C


def run(program: str, arguments: list[str]) -> dict[str, float]:
    """One run's times in seconds, by name, and its peak memory in bytes."""
    process = subprocess.Popen(
        [program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    text = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{program} {' '.join(arguments)} failed:\n{text}")
    result = {"peak": usage.ru_maxrss * 1024.0}
    for name in ("compile", "load", "first token", "per token"):
        match = re.search(rf"\b{name} ([\d.]+) (ms|s)\b", text)
        if match:
            result[name] = float(match[1]) * UNITS[match[2]]
    result["compiled share"] = float(re.search(r"([\d.]+) % of it", text)[1])
    return result


def seconds(values: list[float]) -> str:
    """Median, and the range, in a fitting unit."""
    unit, scale = ("s", 1.0) if statistics.median(values) >= 1 else ("ms", 1e3)
    middle, low, high = (
        f"{scale * x:.0f}" if scale * x >= 100 else f"{scale * x:.3g}"
        for x in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} {unit} ({low} to {high})"


def machine() -> str:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{cpu}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()

    prompt = 64
    models = [
        ("embedded (3.1 M)", [], dict(L=5, C=192, V=4096), 9),
        ("random 124M", ["--model=random-124m"], dict(L=12, C=768, V=50257), 3),
    ]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ids = Path(folder) / "ids"
        ids.write_text("".join(f"{i}\n" for i in range(1, prompt + 1)))
        for name, model, sizes, tokens in models:
            arguments = [*model, f"--token-ids={ids}", "--greedy", f"--max-new-tokens={tokens}"]
            cold = [run(args.program, [*arguments, "--no-cache"]) for _ in range(args.runs)]
            cache = f"--cache-dir={folder}/cache"
            run(args.program, [*arguments, cache])
            warm = [run(args.program, [*arguments, cache]) for _ in range(args.runs)]
            runs = cold + warm
            first = [r["first token"] for r in runs]
            rate = multiply_adds(T=prompt, **sizes) / statistics.median(first) / 1e9
            rows.append(
                (
                    name,
                    seconds([r["compile"] for r in cold]),
                    seconds([r["compile"] for r in warm]),
                    seconds([r["load"] for r in runs]),
                    seconds(first),
                    f"{rate:.2f}",
                    seconds([r["per token"] for r in runs]),
                    f"{min(r['compiled share'] for r in runs):.1f} %",
                    f"{max(r['peak'] for r in runs) / 1e6:.0f} MB",
                )
            )
    titles = [
        "model",
        "compile, cold",
        "compile, cached",
        "load",
        f"first token, T = {prompt}",
        "G multiply-adds/s",
        "per token after it",
        "in compiled code",
        "peak memory",
    ]
    llvm = subprocess.run(
        [args.program, "--version"], capture_output=True, text=True
    ).stdout
    version = re.search(r"LLVM version (\S+)", llvm)[1]
    today = datetime.date.today().isoformat()
    print(
        f"Median (least to most) of {2 * args.runs} runs, {args.runs} for compile "
        f"times, by `python3 book/measure.py build/release/bin/ch01-baseline` on "
        f"{today}: {machine()}, LLVM {version}, one thread.\n"
    )
    for title, *values in zip(titles, *rows):
        print(f"| {title} | " + " | ".join(values) + " |")
        if title == "model":
            print("|---" * (len(values) + 1) + "|")


if __name__ == "__main__":
    main()
