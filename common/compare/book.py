# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The results that the book quotes, and what its pages show of them.

book/results/NAME.json are measured by `./tutorial compare --update-book`, each
by the command that stands in it. Tables, pictures and the numbers in the prose
are made from these files whenever the book is built:

    python3 -m compare.book OUT       (by book/build.sh)

writes NAME-*.md and NAME-*.svg into OUT, and numbers.doxygen, in which each
quoted number is a command of its own, as \\ch03_first.
"""

import argparse
import re
import sys
from pathlib import Path

from serve import pages

from . import figures, machine, plots, quantities, results, tables, tuning
from .figures import Spread
from .programs import UserError
from .quantities import seconds
from .tables import Table

# Name of the results: the arguments that measure them.
COMPARISONS = {
    "embedded": [],
    "random-124m": ["--model=random-124m", "--threads=1,2"],
    "ch02-variants": ["--variants=ch02-linalg", "--model=random-124m"],
    "ch03-variants": ["--variants=ch03-fusion", "--model=random-124m"],
    "ch06-variants": [
        "--variants=ch06-vectorize",
        "--model=random-124m",
        "--threads=1,2",
        "--runs=3",
        "--metrics=compile,first,token,memory",
    ],
    "kernels": ["--kernels"],
}
# What `./tutorial tune` saw, written there by
#     ./tutorial tune --seen book/results/ch06-tune.json --model random-124m --threads 2
TUNED = "ch06-tune"
# What `./tutorial serve --bench` measured, written there by
#     ./tutorial serve --bench --mix chat --out book/results/ch07-chat.json OPTIONS
SERVED = ["ch07-uniform", "ch07-chat", "ch07-adversarial"]
# What ch07-steps measured, written there by its --benchmark_out.
STEPS = ["ch07-steps-f32", "ch07-steps-int8"]
README_TABLE = re.compile(r"(<!-- table of: results -->\n).*?(<!-- end of table -->)", re.DOTALL)


def file_of(root: Path, name: str) -> Path:
    return root / "book" / "results" / f"{name}.json"


def load_all(root: Path) -> dict[str, dict]:
    return {
        name: results.load(file_of(root, name), "kernels" if name == "kernels" else "chapters")
        for name in COMPARISONS
    }


def update(root: Path, names: list[str], hidden: list[str], compare) -> int:
    """Measures the comparisons `names` anew with `compare`, which takes a command
    line and returns results and exit code; writes nothing unless all went well."""
    measured = {}
    results.require_writable(root / "book" / "results")
    for name in names:
        arguments = COMPARISONS[name]
        print(f"\n{name}: ./tutorial compare {' '.join(arguments)}", file=sys.stderr)
        measured[name], code = compare([*hidden, *arguments])
        if code != 0:
            raise UserError(f"{name}: a row failed, see above; nothing was written")
    for name, result in measured.items():
        results.save(file_of(root, name), result)
    if "random-124m" in measured:
        update_readme(root, measured["random-124m"])
    print(f"\nWritten: {', '.join(f'book/results/{n}.json' for n in names)}; see ./tutorial book")
    return 0


def update_readme(root: Path, small: dict) -> None:
    """Rewrites the table and the picture of README.md."""
    text = under(tables.as_markdown(summary_table(small)), origin(small))
    path = root / "README.md"
    readme, count = README_TABLE.subn(lambda match: match[1] + text + match[2], path.read_text())
    if count != 1:
        raise UserError(f"{path}: expected one table between its comments, found {count}")
    results.write(path, readme)
    plots.save_all(small, root / "book" / "results", "random-124m", only=["bars"], kinds=["svg"])


def origin(measured: dict) -> str:
    """Where a table comes from."""
    how = f"Measured by `{measured['command']}` on {measured['date'][:10]} (commit "
    how += f"{measured['commit']}): {machine.describe(measured['machine'])}, LLVM "
    how += f"{measured['versions']['llvm']}, {measured['machine']['system']}."
    return " ".join([how, tables.busy_note(measured)]).strip()


def under(text: str, *notes: str) -> str:
    """A table and, under it, notes: one line, since Doxygen joins the lines behind a table without a
    space."""
    return f"{text}\n{' '.join(notes)}\n"


def summary_table(measured: dict) -> Table:
    """What each chapter buys, in a few columns."""
    tokens = max(measured["settings"]["tokens"])
    table = [["", f"first token, T = {tokens}", "× the chapter before", "per token after it"]]
    table[0] += ["bytes read", "difference from the reference"]
    for row in measured["rows"]:
        if row["status"] == "unavailable":  # a device that is not here
            continue
        if row["status"] != "ok":
            table.append([figures.title_of(row), f"{row['status']}: {row['reason']}"])
            continue
        first, before = figures.first_token(row, tokens), figures.parent_row(measured, row)
        cells = [figures.title_of(row), quantities.spread(first)]
        cells.append(quantities.times(before and figures.speedup(figures.first_token(before, tokens), first)))
        cells.append(quantities.spread(figures.per_token(row, tokens)))
        score = row.get("score", {}).get("prompt", {})
        cells.append(quantities.count(score.get("bytes_read")))
        cells.append(f"{row['difference']:.1g}" if "difference" in row else "-")
        table.append(cells)
    return table


def chapter_table(embedded: dict, small: dict, chapter: str) -> Table:
    """One chapter in full, a column a model."""
    table = [["", embedded["model"]["name"], small["model"]["name"]]]
    columns = []
    for measured in (embedded, small):
        row = next(row for row in measured["rows"] if row["chapter"] == chapter)
        tokens = max(measured["settings"]["tokens"])
        first, memory = figures.first_token(row, tokens), Spread.of(row["peak_memory"])
        rate = figures.prefill_multiply_adds(measured["model"], tokens) / first.median
        compiled = [
            run["in_compiled_code"] / sum(run["steps"]) for run in figures.runs_of(row, tokens)
        ]
        columns.append(
            {
                "compile, from nothing": quantities.spread(Spread.of(row["compile"])),
                "compile, from the cache": quantities.spread(Spread.of(row["compile_cached"])),
                "load": quantities.spread(Spread.of(row["load"])),
                f"first token, T = {tokens}": quantities.spread(first),
                "multiply-adds/s": quantities.count(rate),
                "per token after it": quantities.spread(figures.per_token(row, tokens)),
                "in compiled code": f"{100 * min(compiled):.1f} %",
                "peak memory": quantities.count(memory.median) + "B",
                "runs": str(first.count),
            }
        )
    return table + [[name, columns[0][name], columns[1][name]] for name in columns[0]]


def variant_table(measured: dict) -> Table:
    """A chapter, its parent, and changes to its pipeline; the score beside."""
    tokens = max(measured["settings"]["tokens"])
    table = [["", f"first token, T = {tokens}", "times faster", "bytes read", "bytes written"]]
    table[0] += ["in temporaries", "allocations"]
    parent = figures.first_token(measured["rows"][0], tokens)
    for i, row in enumerate(measured["rows"]):
        title = figures.title_of(row)
        own = figures.first_token(row, tokens)
        cells = [f"**{title}**" if i == 1 else title, quantities.spread(own)]
        cells.append(quantities.digits(figures.speedup(parent, own)))
        score = row["score"]["prompt"]
        names = ("bytes_read", "bytes_written", "temporary_bytes", "allocations")
        table.append(cells + [quantities.count(score[name]) for name in names])
    return table


def schedule_table(measured: dict) -> Table:
    """A chapter and changes to it: times, shares of the limit, memory."""
    tokens = max(measured["settings"]["tokens"])
    table = [["", f"first token, T = {tokens}", "of the limit", "per token after it", "of the limit"]]
    table[0] += ["peak memory", "compile"]
    for row in measured["rows"]:
        if row["status"] == "unavailable":
            continue
        first, each = figures.first_token(row, tokens), figures.per_token(row, tokens)
        work = figures.prefill_multiply_adds(measured["model"], tokens)
        next_work = figures.token_multiply_adds(measured["model"], tokens + 1)
        title = figures.title_of(row)
        cells = [title if row["variant"] else f"**{title}**", quantities.spread(first)]
        cells.append(quantities.percent(figures.format_share(measured, row, first, work)))
        cells.append(quantities.spread(each))
        cells.append(quantities.percent(figures.format_share(measured, row, each, next_work)))
        cells.append(quantities.count(Spread.of(row["peak_memory"]).median) + "B")
        cells.append(quantities.spread(Spread.of(row.get("compile", []))))
        table.append(cells)
    return table


def quoted_numbers(all_results: dict[str, dict]) -> dict[str, str]:
    """What the prose quotes, by name: letters, digits and underscores."""
    numbers = {}
    small = all_results["random-124m"]
    limit = small["limits"][0]
    fma, tokens = figures.best(limit, "fma"), max(small["settings"]["tokens"])
    numbers["clock_ghz"] = f"{figures.best(limit, 'clock') / 1e9:.1f} GHz"
    numbers["chain_rate"] = quantities.count(figures.best(limit, "clock") / 3)
    numbers["fma_peak"] = quantities.count(fma)
    numbers["fma_per_cycle"] = f"{fma / figures.best(limit, 'clock'):.0f}"
    model = small["model"]
    products = 12 * model["layers"] * model["channels"] ** 2 * tokens
    numbers["products"] = quantities.count(products)
    numbers["products_floor"] = seconds(products / fma)
    for row in small["rows"]:
        if row["status"] == "ok" and not row["yardstick"] and row["threads"] == 1:
            name = row["chapter"].split("-")[0]
            if name in ("ch02", "ch03"):
                numbers[f"{name}_first"] = seconds(figures.first_token(row, tokens).median)
    seconds_of = {
        (entry["chapter"].split("-")[0], entry["kernel"]): Spread.of(entry["seconds"]).median
        for entry in all_results["kernels"]["kernels"]
    }
    layers = model["layers"]
    calls = {
        "ch02": {"gelu": layers, "logits": 1},
        "ch03": {
            "linear": layers,
            "gelu": layers,
            "attention": layers,
            "layernorm": 2 * layers + 1,
            "logits": 1,
        },
    }
    for chapter, kernels in calls.items():
        for kernel, count in kernels.items():
            alone = sum(s for (c, k), s in seconds_of.items() if c == chapter and k.startswith(kernel))
            numbers[f"{chapter}_{kernel}"] = seconds(count * alone)
    linear = sum(s for (c, k), s in seconds_of.items() if c == "ch03" and k.startswith("linear"))
    numbers["ch03_linear_share"] = quantities.percent(products / (layers * linear) / fma)
    return numbers


def render(root: Path, out: Path) -> None:
    """Writes what the pages include."""
    all_results = load_all(root)
    embedded, small = all_results["embedded"], all_results["random-124m"]
    texts = {}
    both = tables.as_markdown(chapter_table(embedded, small, "ch01-baseline"))
    texts["ch01-measured"] = under(both, origin(embedded), origin(small))
    for chapter in ("ch02", "ch03"):
        measured = all_results[f"{chapter}-variants"]
        texts[f"{chapter}-measured"] = under(
            tables.as_markdown(variant_table(measured)), origin(measured)
        )
    measured = all_results["ch06-variants"]
    texts["ch06-measured"] = under(tables.as_markdown(schedule_table(measured)), origin(measured))
    for name in ("embedded", "random-124m"):
        measured = all_results[name]
        for kind, make in {
            "times": tables.time_table,
            "speedups": tables.speedup_table,
            "properties": tables.property_table,
            "limits": tables.limit_table,
        }.items():
            texts[f"{name}-{kind}"] = tables.as_markdown(make(measured))
        notes = [*tables.notes(measured), origin(measured)]
        texts[f"{name}-times"] = under(texts[f"{name}-times"], *notes)
        plots.save_all(measured, out, name, kinds=["svg"])
    for kind, make in {"contexts": tables.context_table, "batch": tables.batch_table}.items():
        texts[f"random-124m-{kind}"] = under(tables.as_markdown(make(small)), origin(small))
    seen = tuning.load(file_of(root, TUNED))
    texts[TUNED] = tables.as_markdown(tuning.table(seen))
    tuning.save_picture(seen, out / f"{TUNED}.svg")
    kernels = all_results["kernels"]
    texts["kernels"] = under(tables.as_markdown(tables.kernel_table(kernels)), origin(kernels))
    for name, text in texts.items():
        results.write(out / f"{name}.md", text)
    for name in SERVED:
        pages.render(file_of(root, name), out)
    for name in STEPS:
        pages.render_steps(file_of(root, name), out)
    numbers = quoted_numbers(all_results) | tuning.quoted_numbers(seen)
    aliases = [f'ALIASES += "{n}={v}"\n' for n, v in numbers.items()]
    results.write(out / "numbers.doxygen", "".join(aliases))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    try:
        results.require_writable(args.out)
        render(Path(__file__).parents[2], args.out)
    except UserError as error:
        sys.exit(f"book: error: {error}")


if __name__ == "__main__":
    main()
