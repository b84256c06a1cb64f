# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arithmetic of a comparison: from samples to what tables and plots show.

Works on the dictionaries of a results file (schema.json says what is in one),
so that a table of an old file is made by the same code as that of a new one.
Times are in seconds, rates in 1/s.
"""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Of some samples: their median, least, most and number."""

    median: float
    least: float
    most: float
    count: int

    @staticmethod
    def of(samples: list[float]) -> "Spread | None":
        if not samples:
            return None
        return Spread(statistics.median(samples), min(samples), max(samples), len(samples))

    def overlaps(self, other: "Spread") -> bool:
        return self.least <= other.most and other.least <= self.most


def runs_of(row: dict, tokens: int) -> list[dict]:
    return [run for run in row.get("runs", []) if run["tokens"] == tokens]


def first_token(row: dict, tokens: int) -> Spread | None:
    return Spread.of([run["steps"][0] for run in runs_of(row, tokens) if run["steps"]])


def per_token(row: dict, tokens: int) -> Spread | None:
    """Of all tokens after the first, of all runs."""
    return Spread.of([step for run in runs_of(row, tokens) for step in run["steps"][1:]])


def generation(row: dict, tokens: int, count: int) -> tuple[Spread | None, bool]:
    """Seconds in which `count` tokens are made, and whether they were: if all runs
    made fewer, it is computed as first token + (count - 1) others."""
    whole = [
        sum(run["steps"][:count])
        for run in runs_of(row, tokens)
        if len(run["steps"]) >= count
    ]
    if whole:
        return Spread.of(whole), True
    first, rest = first_token(row, tokens), per_token(row, tokens)
    if not first or not rest:
        return None, False
    times = [
        getattr(first, which) + (count - 1) * getattr(rest, which)
        for which in ("median", "least", "most")
    ]
    return Spread(*times, first.count), False


def context_curve(row: dict) -> list[tuple[int, Spread]]:
    """Per-token time by length of the sequence, shortest first."""
    points = []
    for point in sorted(row.get("contexts", []), key=lambda point: point["tokens"]):
        spread = Spread.of(point["steps"][1:])
        if spread:
            points.append((point["tokens"], spread))
    return points


def speedup(before: Spread | None, after: Spread | None) -> float | None:
    """How many times faster: medians' ratio."""
    if not before or not after or after.median == 0:
        return None
    return before.median / after.median


# What a model needs, whatever the program does.


def prefill_multiply_adds(model: dict, tokens: int) -> int:
    """Of a forward pass over `tokens` tokens that gives one row of logits: four
    matrices a layer, causal scores and weighted values, the logits."""
    L, C, V, T = model["layers"], model["channels"], model["vocab"], tokens
    return L * (12 * C * C * T + C * T * (T + 1)) + V * C


def token_multiply_adds(model: dict, context: int) -> int:
    """Of one more token behind `context - 1` others, if nothing is computed
    twice."""
    L, C, V = model["layers"], model["channels"], model["vocab"]
    return L * (12 * C * C + 2 * C * context) + V * C


def best(limit: dict, name: str) -> float | None:
    """A limit is the most that was seen."""
    values = [s[name] for s in limit["samples"] if s.get(name) is not None]
    return max(values) if values else None


def limits_for(results: dict, threads: int) -> dict | None:
    for limit in results.get("limits", []):
        if limit["threads"] == threads:
            return limit
    return None


def floor(multiply_adds: float, bytes_read: float, limit: dict) -> float | None:
    """The least time for so much work: the slower of arithmetic at the measured
    peak and of reading at the measured rate."""
    fma, read = best(limit, "fma"), best(limit, "read")
    if not fma or not read:
        return None
    return max(multiply_adds / fma, bytes_read / read)


def share(results: dict, row: dict, spread: Spread | None, work: int) -> float | None:
    """Which share of the limit a time is: the least time for `work` multiply-adds
    and for reading every weight once, divided by the time."""
    limit = limits_for(results, row["threads"])
    if not spread or not limit or row["device"] != "cpu":
        return None
    least = floor(work, results["model"]["weight_bytes"], limit)
    return least / spread.median if least else None


# What the narrow formats do to the limit: bytes of a weight, and the peak of the
# instructions that multiply them.
FORMATS = {"f32": (4, "fma"), "bf16": (2, "dot_bf16"), "int8": (1, "dot_int8")}


def format_share(results: dict, row: dict, spread: Spread | None, work: int) -> float | None:
    """As share(), for weights in the row's format; None if the CPU has no dot
    products for it."""
    limit = limits_for(results, row["threads"])
    size, peak = FORMATS[row.get("weights", "f32")]
    if not spread or not limit or not best(limit, peak) or not best(limit, "read"):
        return None
    read = results["model"]["weight_bytes"] * size / 4 / best(limit, "read")
    return max(work / best(limit, peak), read) / spread.median


def first_token_share(results: dict, row: dict, tokens: int) -> float | None:
    work = prefill_multiply_adds(results["model"], tokens)
    return share(results, row, first_token(row, tokens), work)


def per_token_share(results: dict, row: dict, tokens: int) -> float | None:
    work = token_multiply_adds(results["model"], tokens + 1)
    return share(results, row, per_token(row, tokens), work)


# Which row is compared with which.


def parent_row(results: dict, row: dict) -> dict | None:
    """The row of the chapter before: on the same device if it has that, with as
    many threads, or the most that it has. A variant's and a chapter's own are the
    same. None for an emulator, whose times say nothing of a GPU's."""
    if row["device"] == "emulator":
        return None
    parents = [
        other
        for other in results["rows"]
        if other["chapter"] == row["parent"]
        and other["variant"] is None
        and other["status"] == "ok"
        and other["threads"] <= row["threads"]
    ]
    return max(
        parents, key=lambda other: (other["device"] == row["device"], other["threads"]), default=None
    )


def base_row(results: dict) -> dict | None:
    """The first chapter's."""
    for row in results["rows"]:
        if row["parent"] is None and not row["yardstick"] and row["status"] == "ok":
            return row
    return None


def title_of(row: dict) -> str:
    """What a row is called in tables."""
    title = row["variant"] or row["chapter"]
    if row["threads"] > 1:
        title += f", {row['threads']} threads"
    if row["device"] != "cpu":
        title += f", {row['device']}"
    return title
