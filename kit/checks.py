# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps that say whether what is computed is right, and on what.

README.md says what each number is. A step takes the Tools and returns what goes
into the JSON. It raises Unavailable if what it needs is not here, and Failed if it
comes to nothing; what is wrong, and what of it could not be done, it adds to the
Tools' lists.
"""

from __future__ import annotations

import array
import json
import platform
import re
from pathlib import Path

from tools import Failed, Tools, Unavailable, largest_difference, read_npy, swapped, why


def machine(tools: Tools) -> dict:
    """Chip, driver, versions, and the libraries that gpt2-run found."""
    result: dict = {"system": platform.platform(), "python": platform.python_version()}
    result["gpt2_run_starts_with"] = tools.start_runner()
    for name, command in {
        "ldd": ["ldd", str(tools.kit / "gpt2-run")],
        "nvidia_smi": [
            "nvidia-smi",
            "--query-gpu=name,compute_cap,driver_version,memory.total,"
            "clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current",
            "--format=csv",
        ],
        "nvcc": ["nvcc", "--version"],
    }.items():
        try:
            program = tools.program("nvcc") if name == "nvcc" else command[0]
            result[name] = tools.run([program, *command[1:]], 20)[0].strip().splitlines()
        except (Failed, Unavailable) as error:
            result[name] = None
            result[name + "_missing"] = str(error)
    return result


def self_check(tools: Tools) -> dict:
    """Whether each library's programs start: the device must pass its check."""
    result = {}
    model = tools.smallest_model()
    for library in tools.libraries("model", model=model) + tools.libraries("without", model=model):
        try:
            err = tools.gpt2(
                library,
                f"--token-ids={tools.ids(model + '-long', 2)}",
                "--max-new-tokens=1",
                seconds=60,
            )[1]
            result[library["file"]] = next(
                (l for l in err.splitlines() if l.startswith("device: ")), ""
            )
        except Failed as error:
            result[library["file"]] = None
            said = tools.wrong if "does not compute" in str(error) else tools.failed
            said.append(f"{library['file']}: {error}")
    return result


def kernels(tools: Tools) -> dict:
    """Each kernel alone, at several sizes, against the reference."""
    result = {}
    for library in tools.libraries("kernels"):
        report = tools.kit / "work/kernels.json"
        report.unlink(missing_ok=True)
        try:
            out, err = tools.run(tools.command(library, f"--report={report}"), 60, codes=(0, 1))
            if not report.exists():
                raise Failed(why(out, err, 1))
        except Failed as error:
            result[library["file"]] = None
            tools.failed.append(f"{library['file']}: {error}")
            continue
        checks = result[library["file"]] = json.loads(report.read_text())["kernels"]
        tools.wrong += [
            f"{library['file']}: {c['kernel']} of {c['sizes']} differs by {c['difference']}, "
            f"tolerance {c['tolerance']}"
            for c in checks
            if not c["within"]
        ]
    if not result:
        raise Unavailable("the kit has no kernels alone")
    return result


def reference_rows(tools: Tools, reference: dict, below: int) -> dict[int, array.array]:
    """Rows by their positions, those below `below`."""
    values = array.array("f", (tools.kit / "reference" / reference["file"]).read_bytes())
    swapped(values)
    columns = reference["vocab"]
    return {
        position: values[i * columns : (i + 1) * columns]
        for i, position in enumerate(reference["rows"])
        if position < below
    }


def compare(tools: Tools, dumped: Path, first: int, reference: dict, tokens: int) -> float:
    """How far logits behind positions `first`, ... are from the reference's."""
    columns, values = read_npy(dumped)
    rows = reference_rows(tools, reference, tokens)
    if columns != reference["vocab"] or first * columns + len(values) != tokens * columns:
        raise Failed(f"logits of {len(values) // columns} rows of {columns}")
    wanted = {p: row for p, row in rows.items() if p >= first}
    if not wanted:
        raise Failed("the reference has none of these positions")
    return max(
        largest_difference(values[(p - first) * columns : (p - first + 1) * columns], row)
        for p, row in wanted.items()
    )


def logits(tools: Tools) -> list[dict]:
    """Logits of whole models against the reference, at many positions: twice,
    token by token, and behind a long context."""
    results = []
    for library in tools.libraries("model") + tools.libraries("without"):
        if tools.emulates and library["model"] != tools.timed_model():
            continue
        for reference in tools.manifest["references"]:
            if (reference["model"], reference["weights"]) != (library["model"], library["weights"]):
                continue
            is_long = reference["kind"] == "long"
            if tools.emulates and is_long:
                continue
            name = f"{library['model']}-{reference['kind']}"
            tokens = min(reference["tokens"], 8) if tools.emulates else reference["tokens"]
            ids = f"--token-ids={tools.ids(name, tokens)}"
            files = [tools.kit / f"work/logits-{i}.npy" for i in (0, 1)]
            positions = [] if is_long else ["--all-positions"]
            # Token by token, and in pieces, where keys and values are kept.
            ways = {"at once": [], "again": []}
            if library["keeps_cache"]:
                ways["in pieces" if is_long else "token by token"] = [
                    "--prefill=256" if is_long else "--prefill=1"
                ]
            for way, options in ways.items():
                file = files[way == "again"]
                entry = {
                    "library": library["file"],
                    "tokens": tokens,
                    "way": way,
                    "difference": None,
                    "tolerance": reference["tolerance"],
                }
                if library["rounds_factors"] and way != "token by token":
                    entry["tolerance"] = reference["rounded_factors_tolerance"]
                results.append(entry)
                try:
                    tools.gpt2(
                        library, ids, f"--dump-logits={file}", *positions, *options, seconds=90
                    )
                    if way == "again":
                        entry["bit_equal"] = files[0].read_bytes() == files[1].read_bytes()
                        if not entry["bit_equal"]:
                            tools.wrong.append(
                                f"{library['file']}, {tokens} tokens: other logits the second time"
                            )
                    entry["difference"] = compare(
                        tools, file, tokens - 1 if is_long else 0, reference, tokens
                    )
                except Failed as error:
                    entry["failed"] = str(error)
                    tools.failed.append(f"{library['file']}, {tokens} tokens, {way}: {error}")
                    continue
                entry["within"] = entry["difference"] <= entry["tolerance"]
                if not entry["within"]:
                    tools.wrong.append(
                        f"{library['file']}, {tokens} tokens, {way}: logits differ by "
                        f"{entry['difference']:.3g}, tolerance {entry['tolerance']:.3g}"
                    )
    for entry in results:  # JSON knows no infinity
        if entry["difference"] == float("inf"):
            entry["difference"] = None
    return results


def sanitizer(tools: Tools) -> list[dict]:
    """compute-sanitizer on a prompt of three tokens and a token behind it."""
    if tools.emulates:
        raise Unavailable(
            "it watches a GPU; the emulator names races and accesses out of bounds itself"
        )
    program = tools.program("compute-sanitizer")
    smallest = tools.smallest_model()
    results = []
    libraries = sorted(
        tools.libraries("model", model=smallest), key=lambda l: (l["weights"] != "bf16")
    )
    for library in libraries:
        for tool in ("memcheck", "racecheck", "synccheck"):
            entry = {"library": library["file"], "tool": tool, "errors": None}
            results.append(entry)
            options = [
                f"--token-ids={tools.ids(smallest + '-long', 3)}",
                "--max-new-tokens=2",
                "--greedy",
                "--ignore-end",
                "--no-graphs",
            ]
            command = [
                program,
                "--tool",
                tool,
                "--error-exitcode",
                "99",
                *tools.command(library, *options),
            ]
            try:
                out, err = tools.run(command, 60, codes=(0, 99))
            except Failed as error:
                entry["failed"] = str(error)
                tools.failed.append(f"{library['file']}, {tool}: {error}")
                continue
            found = re.search(r"(?:ERROR|RACECHECK) SUMMARY: (\d+)", out + err)
            if not found:
                entry["failed"] = "no summary was printed"
                tools.failed.append(f"{library['file']}, {tool}: {entry['failed']}")
                continue
            entry["errors"] = int(found[1])
            if entry["errors"]:
                lines = [l for l in (out + err).splitlines() if l.startswith("=========")]
                entry["says"] = lines[:40]
                tools.wrong.append(f"{library['file']}: {tool} finds {entry['errors']} errors")
    return results
