# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels alone: each chapter's benchmark, by Google Benchmark, in turn."""

import random

from . import programs
from .measure import Progress
from .programs import Busy, ProgramFailed


def measure(bin_dir, chapters: list[str], runs: int) -> dict:
    """Returns "limits", "busy", "kernels" and "failures" of the results."""
    progress = Progress()
    entries: dict[tuple[str, str], dict] = {}
    failures: dict[str, str] = {}
    busy = Busy()
    limit = {"threads": 1, "samples": [], "memory": []}
    order = list(chapters)
    for round_number in range(runs):
        progress.say(f"round {round_number + 1} of {runs}", line=True)
        sample = programs.parse(programs.run([str(bin_dir / "gpt2-limits")]).out, "gpt2-limits")
        limit["vectors"] = sample.pop("vectors")
        limit["bytes"] = sample.pop("bytes")
        limit["memory"].append(sample["read"])
        del sample["threads"]
        limit["samples"].append(sample)
        random.Random(round_number).shuffle(order)
        for chapter in order:
            if chapter in failures:
                continue
            progress.say(f"round {round_number + 1} of {runs}: {chapter}")
            command = [str(bin_dir / f"{chapter}-bench"), "--benchmark_format=json"]
            try:
                run = programs.run([*command, "--benchmark_min_time=0.05"])
                busy.add(run.busy)
                benchmarks = programs.parse(run.out, chapter)["benchmarks"]
            except ProgramFailed as error:
                failures[chapter] = str(error)
                continue
            for benchmark in benchmarks:
                add(entries, chapter, benchmark)
    progress.done()
    kernels = sorted(entries.values(), key=lambda entry: chapters.index(entry["chapter"]))
    return {"limits": [limit], "busy": busy.shares(), "kernels": kernels, "failures": failures}


def add(entries: dict, chapter: str, benchmark: dict) -> None:
    """One result of Google Benchmark's."""
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}[benchmark["time_unit"]]
    seconds = benchmark["real_time"] * unit
    entry = entries.setdefault(
        (chapter, benchmark["name"]),
        {
            "chapter": chapter,
            "kernel": benchmark["name"],
            "seconds": [],
            # The counter is a rate by processor time.
            "multiply_adds": round(benchmark["multiply_adds"] * benchmark["cpu_time"] * unit)
            if "multiply_adds" in benchmark
            else None,
        },
    )
    entry["seconds"].append(seconds)
