# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What chapter 7's page includes: tables and pictures of what ./tutorial serve --bench saw."""

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
