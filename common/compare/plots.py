# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as pictures, each as SVG and as PNG."""

import io
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws into files; no display is needed
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from . import figures, quantities, results as files  # noqa: E402
from .figures import Spread  # noqa: E402

# Colours that colour-blind readers tell apart (Okabe and Ito 2008).
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442"]
MARKERS = "osD^vPX*"

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "lowering-gpt2",  # the same file for the same numbers
    "figure.dpi": 110,
}


def tick(text: str) -> str:
    """Without the zeros of 10.0 ms."""
    return re.sub(r"\.0+(?= |$)", "", text)


TIME = FuncFormatter(lambda value, _: tick(quantities.seconds(value)))
COUNT = FuncFormatter(lambda value, _: tick(quantities.count(value)))
BYTES = FuncFormatter(lambda value, _: tick(quantities.count(value)) + ("B" if value else ""))


def rows_of(results: dict) -> list[dict]:
    return [row for row in results["rows"] if row["status"] == "ok"]


def new_axes(title: str, height: float = 4.0):
    figure, axes = pyplot.subplots(figsize=(8, height))
    axes.set_title(title, loc="left", fontsize=11)
    return figure, axes


def bars(results: dict):
    """First token and per-token time of each row, at the longest prompt."""
    tokens = max(results["settings"]["tokens"])
    rows = [row for row in rows_of(results) if figures.first_token(row, tokens)]
    if not rows:
        return None
    figure, axes = new_axes(f"{results['model']['name']}, prompt of {tokens}", 1.3 + 0.6 * len(rows))
    kinds = [("first token", figures.first_token), ("per token", figures.per_token)]
    for k, (label, of) in enumerate(kinds):
        places = [(i + 0.2 * (2 * k - 1), of(row, tokens)) for i, row in enumerate(rows)]
        places = [(y, spread) for y, spread in places if spread]
        medians = [spread.median for _, spread in places]
        axes.barh(
            [y for y, _ in places],
            medians,
            height=0.36,
            color=COLOURS[k],
            label=label,
            xerr=[
                [s.median - s.least for _, s in places],
                [s.most - s.median for _, s in places],
            ],
            error_kw={"elinewidth": 1, "ecolor": "#333333"},
        )
        for y, spread in places:
            text = f" {quantities.seconds(spread.median)}"
            axes.text(spread.most, y, text, va="center", fontsize=8.5)
    axes.set_yticks(range(len(rows)), [figures.title_of(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(TIME)
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="x")
    axes.set_xlabel("median of the runs; the line goes from the least to the most (log scale)")
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    return figure


def contexts(results: dict):
    """Per-token time over the length of the sequence."""
    curves = [(row, figures.context_curve(row)) for row in rows_of(results)]
    curves = [(row, curve) for row, curve in curves if curve]
    if not curves:
        return None
    figure, axes = new_axes(f"{results['model']['name']}: time per token behind a text of this length")
    for i, (row, curve) in enumerate(curves):
        axes.plot(
            [tokens for tokens, _ in curve],
            [spread.median for _, spread in curve],
            color=COLOURS[i % len(COLOURS)],
            marker=MARKERS[i % len(MARKERS)],
            label=figures.title_of(row),
        )
    lengths = sorted({tokens for _, curve in curves for tokens, _ in curve})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    labels = []  # of lengths that are not too near to the next
    for tokens in reversed(lengths):
        if not labels or labels[0] >= 1.4 * tokens:
            labels.insert(0, tokens)
    axes.set_xticks(lengths, [str(tokens) if tokens in labels else "" for tokens in lengths])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(TIME)
    axes.grid()
    axes.set_xlabel("tokens")
    axes.legend()
    return figure


def roofline(results: dict):
    """Operations per second over operations per byte that is read (Williams et
    al. 2009): under the roofs of arithmetic and of memory."""
    rows = [row for row in rows_of(results) if "score" in row]
    tokens = max(results["settings"]["tokens"])
    points = []
    for i, row in enumerate(rows):
        for which, of, filled in (("prompt", figures.first_token, True),
                                  ("next", figures.per_token, False)):  # fmt: skip
            spread, counts = of(row, tokens), row["score"][which]
            if spread and counts["bytes_read"]:
                intensity = counts["flops"] / counts["bytes_read"]
                points.append((i, row, filled, intensity, counts["flops"] / spread.median))
    if not points:
        return None
    figure, axes = new_axes(f"{results['model']['name']}: what limits each chapter")
    # What passes the score's cache comes from the next cache, or from memory.
    roofs = [
        (limit, rate, name, dash)
        for limit in results["limits"]
        for rate, name, dash in (
            (max(limit.get("behind") or [0]), "the next cache", "-"),
            (max(limit["memory"]), "memory", "--"),
        )
        if rate
    ]
    ridges = [2 * figures.best(limit, "fma") / rate for limit, rate, _, _ in roofs]
    intensities = [point[3] for point in points]
    low, right = min(*intensities, *ridges) / 4, 3 * max(*intensities, *ridges)
    for limit, rate, name, dash in roofs:
        peak = 2 * figures.best(limit, "fma")
        threads = f"{limit['threads']} thread{'s' * (limit['threads'] > 1)}"
        axes.plot(
            [low, peak / rate, right], [low * rate, peak, peak], color="#444444", ls=dash, lw=1.2,
            label=f"{threads}, reading {name}\nat {quantities.count(rate)}B/s",
        )  # fmt: skip
        if name == "memory":
            axes.text(right, peak, f"{quantities.count(peak)} operations/s, {threads}", fontsize=8,
                      ha="right", va="bottom")  # fmt: skip
    for i, row, filled, intensity, rate in points:
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(
            intensity, rate, MARKERS[i % len(MARKERS)], color=colour, ms=8,
            mfc=colour if filled else "white",
            label=figures.title_of(row) if filled else None,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(COUNT)
    axes.grid()
    cache = rows[0]["score"]["cache"] / 1024
    axes.set_xlabel(f"operations for each byte that passes a cache of {cache:.0f} KiB (counted)")
    axes.set_ylabel("operations/s (measured)")
    axes.legend(
        title="filled: prompt\nhollow: a token", loc="center left", bbox_to_anchor=(1, 0.5),
        fontsize=8.5, title_fontsize=8.5,
    )  # fmt: skip
    return figure


def passes(results: dict):
    """Where compile time goes: the slowest passes, LLVM, and the rest."""
    rows = [row for row in rows_of(results) if row.get("passes")]
    if not rows:
        return None
    total: dict[str, float] = {}
    for row in rows:
        for entry in row["passes"]:
            total[entry["name"]] = max(total.get(entry["name"], 0), entry["seconds"])
    named = sorted((n for n in total if n != "LLVM"), key=lambda n: -total[n])[:6]
    named = ["LLVM", *named]
    figure, axes = new_axes("compile time by pass", 1.8 + 0.5 * len(rows))
    left = [0.0] * len(rows)
    labels = [figures.title_of(row) for row in rows]
    for i, name in enumerate([*named, "all others"]):
        values = [
            sum(
                entry["seconds"]
                for entry in row["passes"]
                if (entry["name"] == name if name in named else entry["name"] not in named)
            )
            for row in rows
        ]
        axes.barh(labels, values, left=left, height=0.6, color=COLOURS[i % len(COLOURS)],
                  label=name)  # fmt: skip
        left = [a + b for a, b in zip(left, values)]
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(TIME)
    axes.grid(axis="x")
    axes.legend(ncols=4, fontsize=8, loc="upper center", bbox_to_anchor=(0.45, -0.12 - 0.2 / len(rows)))
    return figure


def memory(results: dict):
    """Peak memory of each row's process, beside the weights."""
    rows = [(row, Spread.of(row.get("peak_memory", []))) for row in rows_of(results)]
    rows = [(row, spread) for row, spread in rows if spread]
    if not rows:
        return None
    weights = results["model"]["weight_bytes"]
    title = f"{results['model']['name']}: peak memory (dashed: the weights in f32, {quantities.count(weights)}B)"
    figure, axes = new_axes(title, 1.3 + 0.4 * len(rows))
    axes.barh([figures.title_of(row) for row, _ in rows], [s.median for _, s in rows],
              height=0.6, color=COLOURS[0])  # fmt: skip
    axes.axvline(weights, color="#333333", lw=1.2, ls="--")
    for i, (_, spread) in enumerate(rows):
        axes.text(spread.median, i, f" {quantities.count(spread.median)}B", va="center", fontsize=8.5)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(BYTES)
    axes.grid(axis="x")
    return figure


PLOTS = {
    "bars": bars,
    "contexts": contexts,
    "roofline": roofline,
    "passes": passes,
    "memory": memory,
}


def save(figure, path: Path) -> None:
    """Writes a picture of the kind that the file's name says."""
    buffer = io.BytesIO()
    kind = path.suffix.removeprefix(".")
    # A date would make every file differ.
    metadata = {"Date": None} if kind == "svg" else {}
    figure.savefig(buffer, format=kind, bbox_inches="tight", metadata=metadata)
    files.write(path, buffer.getvalue())


def save_all(
    results: dict, folder: Path, stem: str, only=tuple(PLOTS), kinds=("svg", "png")
) -> list[Path]:
    """Draws every picture that the results have the numbers for; returns the files."""
    written = []
    with pyplot.rc_context(STYLE):
        for name, draw in PLOTS.items():
            figure = draw(results) if name in only else None
            if figure is None:
                continue
            for kind in kinds:
                written.append(folder / f"{stem}-{name}.{kind}")
                save(figure, written[-1])
            pyplot.close(figure)
    return written
