# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What chapter 7's page includes: tables and pictures of what ./tutorial serve --bench and
ch07-steps saw."""

import json
from pathlib import Path

from serve import bench


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def program_table(measured):
    """The rows of the dispatch table that `all` ended with."""
    rows = [["a step of", "became", "steps it computed", "quicker than the general program by"]]
    for program in measured["results"]["all"]["programs"]:
        rows.append([program["step"], program["state"], str(program["steps"]), program["quicker by"] or "-"])
    return rows


def origin(measured):
    return (f"`./tutorial serve --bench --mix {measured['mix']} --clients {measured['clients']} "
            f"--requests {measured['requests']} {' '.join(measured['options'])}`, on {measured['machine']}, "
            f"{measured['date']}; milliseconds, at the client.\n")


def render(file: Path, out: Path):
    """Of NAME.json, which --out wrote: OUT/NAME.md, NAME-programs.md and NAME.svg."""
    measured = json.loads(file.read_text())
    table = as_markdown(bench.rows_of(measured["results"]))
    (out / f"{file.stem}.md").write_text(table + "\n" + origin(measured))
    (out / f"{file.stem}-programs.md").write_text(as_markdown(program_table(measured)))
    bench.draw(measured["results"], bench.title_of(measured), out / f"{file.stem}.svg")


def step_rows(measured):
    """Of ch07-steps: the general program's time, and that of a program with a step's own rows."""
    medians = {}
    for found in measured["benchmarks"]:
        if found.get("aggregate_name") == "median":
            _, width, program, *_ = found["run_name"].split("/")
            medians.setdefault(width, {})[program] = found["real_time"]
    rows = [["texts in a step", f"blocks of {measured['context']['rows']} rows, ms", "own rows, ms", "share"]]
    for width, times in sorted(medians.items(), key=lambda one: int(one[0])):
        own, general = times["own_rows"], times["general"]
        rows.append([width, f"{general:.2f}", f"{own:.2f}", f"{own / general:.2f}"])
    return rows


def render_steps(file: Path, out: Path):
    """Of NAME.json, which --benchmark_out wrote: OUT/NAME.md."""
    measured = json.loads(file.read_text())
    arguments = measured["context"]["arguments"]
    (out / f"{file.stem}.md").write_text(
        as_markdown(step_rows(measured)) + f"\n`ch07-steps {arguments}`, on {measured['context']['cpu']}, "
        f"{measured['context']['date'][:10]}; medians.\n")
