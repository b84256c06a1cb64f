# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as tables: text for a terminal, Markdown for pages."""

import unicodedata

from . import figures, machine
from .figures import Spread
from .quantities import count, digits, percent, seconds, spread, times

Table = list[list[str]]  # the first row has the titles


def time_table(results: dict) -> Table:
    """Where the time goes."""
    wanted, settings = results["settings"]["metrics"], results["settings"]
    new = settings["new_tokens"]
    titles = ["", "compile", "cached", "load", "T", "first token", "per token"]
    titles += [f"{new} tokens", "runs"]
    table = [titles]
    missing = set()
    for row in results["rows"]:
        name = figures.title_of(row)
        if row["status"] == "unavailable":
            what = (row["chapter"], row["device"], row["reason"])
            if what in missing:
                continue  # for one number of threads it is said
            missing.add(what)
        if row["status"] not in ("ok", "wrong"):
            table.append([name, row["status"] + ": " + row["reason"]])
            continue
        compile_times = [
            seconds(medians.median) if (medians := Spread.of(row.get(kind, []))) else "-"
            for kind in ("compile", "compile_cached", "load")
        ]
        for tokens in settings["tokens"]:
            whole, made = figures.generation(row, tokens, new)
            generation = seconds(whole.median) if whole else "-"
            runs = figures.runs_of(row, tokens)
            table.append(
                [
                    name,
                    *compile_times,
                    str(tokens),
                    spread(figures.first_token(row, tokens)),
                    spread(figures.per_token(row, tokens)),
                    generation if made or not whole else f"≈ {generation}",
                    str(len(runs)),
                ]
            )
            name, compile_times = "", ["", "", ""]
    hidden = {"compile": (1, 2), "load": (3,), "first": (5,), "token": (6,), "generation": (7,)}
    drop = {c for metric, columns in hidden.items() if metric not in wanted for c in columns}
    return without_columns(table, drop)


def without_columns(table: Table, drop: set[int]) -> Table:
    return [
        row if len(row) < len(table[0]) else [c for i, c in enumerate(row) if i not in drop]
        for row in table
    ]


def speedup_table(results: dict) -> Table:
    """What each row buys: over the chapter before, over the first, and how much
    of what the machine could do."""
    table = [["", "T", "first token:", "× before", "× first chapter", "of the limit"]]
    table[0] += ["per token:", "× before", "× first chapter", "of the limit"]
    base = figures.base_row(results)
    for row in results["rows"]:
        if row["status"] not in ("ok", "wrong"):
            continue
        before = figures.parent_row(results, row)
        for tokens in results["settings"]["tokens"]:
            cells = [figures.title_of(row), str(tokens)]
            for time, share in (
                (figures.first_token, figures.first_token_share),
                (figures.per_token, figures.per_token_share),
            ):
                own = time(row, tokens)
                cells.append(seconds(own.median) if own else "-")
                for other in (before, base):
                    same = other is None or other is row
                    cells.append("-" if same else times(figures.speedup(time(other, tokens), own)))
                cells.append(percent(share(results, row, tokens)))
            table.append(cells)
    return table


def property_table(results: dict) -> Table:
    """What no clock tells: difference, memory, and the score of the prompt."""
    table = [["", "difference", "of tolerance", "peak memory", "operations", "bytes read"]]
    table[0] += ["written", "in temporaries", "allocations"]
    for row in results["rows"]:
        if row["status"] not in ("ok", "wrong"):
            continue
        memory = Spread.of(row.get("peak_memory", []))
        prompt = row.get("score", {}).get("prompt", {})
        known = row.get("difference") is not None
        cells = [figures.title_of(row), f"{row['difference']:.2g}" if known else "-"]
        cells.append(percent(row["difference"] / row["tolerance"]) if known else "-")
        cells.append(count(memory.median) + "B" if memory else "-")
        cells += [count(prompt.get(name)) for name in ("flops", "bytes_read", "bytes_written")]
        cells += [count(prompt.get(name)) for name in ("temporary_bytes", "allocations")]
        table.append(cells)
    wanted = results["settings"]["metrics"]
    hidden = {"difference": (1, 2), "memory": (3,), "score": (4, 5, 6, 7, 8)}
    drop = {c for metric, columns in hidden.items() if metric not in wanted for c in columns}
    return without_columns(table, drop)


def context_table(results: dict) -> Table:
    """Per-token time, a column a length of the text before."""
    curves = [
        (figures.title_of(row), dict(figures.context_curve(row)))
        for row in results["rows"]
        if row["status"] in ("ok", "wrong")
    ]
    lengths = sorted({tokens for _, curve in curves for tokens in curve})
    table = [["per token behind", *map(str, lengths)]]
    for title, curve in curves:
        cells = [seconds(curve[t].median) if t in curve else "-" for t in lengths]
        table.append([title, *cells])
    for row in results["rows"]:  # what a cache buys
        before = figures.parent_row(results, row)
        if row["status"] != "ok" or "batch" not in row or not before:
            continue
        own, other = dict(figures.context_curve(row)), dict(figures.context_curve(before))
        cells = [times(figures.speedup(other.get(t), own.get(t))) for t in lengths]
        table.append([f"{figures.title_of(row)} over {figures.title_of(before)}", *cells])
    return table


def batch_table(results: dict) -> Table:
    """Tokens per second, a column a number of sequences at once."""
    rows = [row for row in results["rows"] if row["status"] in ("ok", "wrong") and row.get("batch")]
    widths = sorted({point["width"] for row in rows for point in row["batch"]})
    table = [["tokens/s of sequences at once", *map(str, widths)]]
    for row in rows:
        rates = {p["width"]: p["tokens"] / p["seconds"] for p in row["batch"]}
        cells = [digits(rates[w]) if w in rates else "-" for w in widths]
        table.append([figures.title_of(row), *cells])
    return table


def pass_table(results: dict, most: int = 4) -> Table:
    """Where compile time goes: LLVM, and the slowest passes of MLIR."""
    table = [["compiling", "LLVM", "MLIR", "of it, the slowest passes"]]
    for row in results["rows"]:
        if row["status"] not in ("ok", "wrong") or "passes" not in row:
            continue
        times = {entry["name"]: entry["seconds"] for entry in row["passes"]}
        llvm = times.pop("LLVM", None)
        slowest = sorted(times.items(), key=lambda item: -item[1])[:most]
        names = ", ".join(f"{name} {seconds(time)}" for name, time in slowest)
        total = seconds(sum(times.values()))
        table.append([figures.title_of(row), seconds(llvm), total, names])
    return table


def limit_table(results: dict) -> Table:
    table = [["limits", "clock", "f32 multiply-adds/s", "bf16 dot", "int8 dot"]]
    sizes = {limit.get("bytes") for limit in results["limits"]} - {None}
    weights = f"bytes/s of {count(max(sizes))}B" if sizes else "bytes/s"
    table[0] += [weights, "bytes/s of memory"]
    for limit in results["limits"]:
        threads = limit["threads"]
        cells = [f"{threads} thread{'s' * (threads > 1)} ({limit.get('vectors', '-')})"]
        for name in ("clock", "fma", "dot_bf16", "dot_int8", "read"):
            cells.append(count(figures.best(limit, name)))
        cells.append(count(max(limit["memory"], default=None)))
        table.append(cells)
    return table


def against_table(results: dict, earlier: dict) -> Table:
    """This comparison beside an earlier one: medians, now over then. Where the
    spreads overlap, nothing can be said, and it says so."""
    table = [["", "T", "what", "then", "now", "now : then", ""]]

    def key(row: dict) -> tuple:
        return row["chapter"], row["variant"], row["threads"], row["device"]

    old = {key(row): row for row in earlier["rows"] if row["status"] == "ok"}
    for row in results["rows"]:
        if row["status"] != "ok" or key(row) not in old:
            continue
        pairs = [("", "compile", *(Spread.of(r.get("compile", [])) for r in (old[key(row)], row)))]
        for tokens in results["settings"]["tokens"]:
            for what, of in (("first token", figures.first_token), ("per token", figures.per_token)):
                pairs.append((str(tokens), what, of(old[key(row)], tokens), of(row, tokens)))
        for tokens, what, then, now in pairs:
            if then and now:
                verdict = "within the spread" if then.overlaps(now) else ""
                ratio = digits(now.median / then.median)
                cells = [figures.title_of(row), tokens, what, seconds(then.median)]
                table.append([*cells, seconds(now.median), ratio, verdict])
    return table


def kernel_table(results: dict) -> Table:
    """Kernels alone: a row a kernel, a column a chapter."""
    chapters = list(dict.fromkeys(entry["chapter"] for entry in results["kernels"]))
    kernels = list(dict.fromkeys(entry["kernel"] for entry in results["kernels"]))
    by = {(entry["chapter"], entry["kernel"]): entry for entry in results["kernels"]}
    peak = figures.best(results["limits"][0], "fma")
    table = [["", *chapters]]
    for kernel in kernels:
        cells = [kernel]
        for chapter in chapters:
            entry = by.get((chapter, kernel))
            spread_of = entry and Spread.of(entry["seconds"])
            if not spread_of:
                cells.append("-")
                continue
            text = seconds(spread_of.median)
            if entry["multiply_adds"] and peak:
                text += f" ({percent(entry['multiply_adds'] / spread_of.median / peak)})"
            cells.append(text)
        table.append(cells)
    for chapter, reason in results["failures"].items():
        table.append([chapter, f"failed: {reason}"])
    return table


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def as_text(table: Table) -> str:
    """Columns aligned: numbers right, the first and other text left. A short row's
    last cell runs on to the right."""
    full = [row for row in table if len(row) == len(table[0])]
    widths = [max(width(row[i]) for row in full) for i in range(len(table[0]))]
    widths[0] = max([widths[0]] + [width(row[0]) for row in table])
    is_text = [all(row[i][:1].isalpha() for row in full) for i in range(len(widths))]
    is_text[0] = True

    def padded(i: int, cell: str) -> str:
        space = " " * (widths[i] - width(cell))
        return cell + space if is_text[i] else space + cell

    lines = []
    for row in table:
        cells = [padded(0, row[0]), *row[1:]]
        if len(row) == len(table[0]):
            cells = [padded(i, cell) for i, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(width, lines[:1])))
    return "\n".join(lines) + "\n"


def as_markdown(table: Table) -> str:
    lines = []
    for number, row in enumerate(table):
        cells = [cell.replace("|", "\\|") for cell in row] + [""] * (len(table[0]) - len(row))
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            lines.append("|---" * len(row) + "|")
    return "\n".join(lines) + "\n"


def heading(results: dict) -> str:
    """What was measured, on what, when."""
    parts = []
    if "model" in results:
        model = results["model"]
        parts.append(f"{model['name']} ({count(model['parameters'])} parameters)")
    parts.append(machine.describe(results["machine"]))
    if "llvm" in results["versions"]:
        parts.append(f"LLVM {results['versions']['llvm']}")
    parts.append(f"{results['date'][:10]}, commit {results['commit']}")
    return "; ".join(parts)


def busy_note(results: dict) -> str:
    """Said if others used more than a twentieth of the machine meanwhile."""
    others, steal = results["busy"]["others"], results["busy"]["steal"]
    if others < 0.05 and steal < 0.02:
        return ""
    return (
        f"The machine was busy meanwhile: others used {percent(others)} of its processors, "
        f"{percent(steal)} was given to other machines. Times are longer than they need be.\n"
    )


def notes(results: dict) -> list[str]:
    """What a reader of the tables must know."""
    lines = []
    rows = results.get("rows", [])
    few = [
        figures.title_of(row)
        for row in rows
        if row["status"] == "ok" and len(row["runs"]) < results["settings"]["runs"]
    ]
    if few:
        lines.append(f"Fewer runs, since they are slow: {', '.join(dict.fromkeys(few))}.")
    new = results["settings"]["new_tokens"] if rows else 0
    whole = [figures.generation(row, t, new) for row in rows for t in results["settings"]["tokens"]]
    if any(spread_of and not made for spread_of, made in whole):
        lines.append("≈: computed from the first token and those made after it.")
    for row in rows:
        if row["status"] == "wrong":
            lines.append(f"WRONG: {figures.title_of(row)}: {row['reason']}.")
    return lines
