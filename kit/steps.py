"""The kit's steps: each takes the Tools and returns what goes into the JSON.

README.md says what each number is. A step raises Unavailable if what it needs is
not here, and Failed if it comes to nothing; what is wrong, and what of it could
not be done, it adds to the Tools' lists.
"""

from __future__ import annotations

import array
import csv
import io
import json
import platform
import re
import statistics
import sys
from pathlib import Path

from tools import Failed, Tools, Unavailable, largest_difference, read_npy, summary, swapped, why


def machine(tools: Tools) -> dict:
    """Chip, driver, versions, and the libraries that gpt2-run found."""
    result: dict = {"system": platform.platform(), "python": platform.python_version()}
    result["gpt2_run_starts_with"] = tools.start_runner()
    for name, command in {
        "ldd": ["ldd", str(tools.kit / "gpt2-run")],
        "nvidia_smi": [
            "nvidia-smi",
            "--query-gpu=name,compute_cap,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current",
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


def yardsticks(tools: Tools) -> dict:
    """What the GPU can do at most, and what a launch costs."""
    if tools.emulates:
        raise Unavailable("an emulated GPU has no speed of its own")
    nvcc = tools.program("nvcc")
    capability = tools.run(["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"], 20)[0]
    chip = "sm_" + capability.splitlines()[0].strip().replace(".", "")
    program = tools.kit / "work/yardsticks"
    source = tools.kit / "yardsticks/yardsticks.cu"
    tools.run([nvcc, "-std=c++17", "-O3", f"-arch={chip}", source, "-o", program], 90)
    return json.loads(tools.run([program], 60)[0])


def self_check(tools: Tools) -> dict:
    """Whether each library's programs start: the device must pass its check."""
    result = {}
    model = tools.smallest_model()
    for library in tools.libraries("model", model=model) + tools.libraries("without", model=model):
        try:
            err = tools.gpt2(library, f"--token-ids={tools.ids(model + '-long', 2)}", "--max-new-tokens=1", seconds=60)[1]
            result[library["file"]] = next((l for l in err.splitlines() if l.startswith("device: ")), "")
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
            f"{library['file']}: {c['kernel']} of {c['sizes']} differs by {c['difference']}, tolerance {c['tolerance']}"
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
        largest_difference(values[(p - first) * columns : (p - first + 1) * columns], row) for p, row in wanted.items()
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
                ways["in pieces" if is_long else "token by token"] = ["--prefill=256" if is_long else "--prefill=1"]
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
                    tools.gpt2(library, ids, f"--dump-logits={file}", *positions, *options, seconds=90)
                    if way == "again":
                        entry["bit_equal"] = files[0].read_bytes() == files[1].read_bytes()
                        if not entry["bit_equal"]:
                            tools.wrong.append(f"{library['file']}, {tokens} tokens: other logits the second time")
                    entry["difference"] = compare(tools, file, tokens - 1 if is_long else 0, reference, tokens)
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


def timed(tools: Tools, library: dict, prompt: int, new_tokens: int, *options) -> dict:
    """A prompt's time and each token's behind it, in milliseconds."""
    ids = tools.ids(f"{library['model']}-long", prompt)
    steps = tools.report(
        library, f"--token-ids={ids}", f"--max-new-tokens={new_tokens}", "--greedy", "--ignore-end", "--warm-up", *options
    )["steps"]
    result = {"library": library["file"], "prompt": prompt, "first": 1e3 * steps[0]}
    if len(steps) > 1:
        result["token"] = summary(steps[1:])
    return result


def lengths(tools: Tools, library: dict) -> list[tuple[int, int]]:
    """Prompts, and how many tokens behind them."""
    context = tools.manifest["models"][library["model"]]["sizes"][3]
    if tools.emulates:
        return [(8, 3)]
    if not library["keeps_cache"]:
        return [(64, 9), (context - 64, 4), (context, 1)]
    return [(64, 65), (context - 64, 41), (context, 1)]


def times(tools: Tools) -> list[dict]:
    """Time per token and of prompts, with graphs and without."""
    results = []
    for library in tools.libraries("model", model=tools.timed_model()):
        for prompt, new_tokens in lengths(tools, library):
            for graphs in (True, False):
                if not graphs and (tools.emulates or new_tokens == 1):
                    continue
                options = [] if graphs else ["--no-graphs"]
                try:
                    entry = timed(tools, library, prompt, new_tokens, *options)
                except Failed as error:
                    entry = {"library": library["file"], "prompt": prompt, "failed": str(error)}
                    tools.failed.append(f"{library['file']}, prompt of {prompt}: {error}")
                results.append({**entry, "graphs": graphs and not tools.emulates})
    return results


def mend(tools: Tools) -> dict:
    """The newest chapter with and without a pass, in turn."""
    without = tools.libraries("without", model=tools.timed_model())
    if not without:
        raise Unavailable("the kit has no library without a pass")
    library = without[0]
    (with_it,) = tools.libraries(
        "model", model=library["model"], chapter=library["chapter"], weights=library["weights"]
    )
    result = {"pass": library["without"]}
    for prompt, new_tokens in lengths(tools, library)[:2]:
        rounds: dict = {"with": [], "without": []}
        for _ in range(1 if tools.emulates else 3):
            for way, one in (("with", with_it), ("without", library)):
                rounds[way].append(timed(tools, one, prompt, new_tokens))
        result[f"behind {prompt}"] = {
            way: {
                "first": statistics.median(r["first"] for r in runs),
                "token": statistics.median(r["token"]["median"] for r in runs),
            }
            for way, runs in rounds.items()
        }
    return result


def profile(tools: Tools) -> list[dict]:
    """Each kernel's time a launch, in microseconds: launched one by one."""
    results = []
    for weights in ("bf16", "f32"):
        for library in tools.libraries("model", model=tools.timed_model(), weights=weights)[: 1 if weights == "f32" else 3]:
            for prompt, new_tokens in lengths(tools, library)[:2]:
                new_tokens = min(new_tokens, 9)
                ids = tools.ids(f"{library['model']}-long", prompt)
                report = tools.report(
                    library, f"--token-ids={ids}", f"--max-new-tokens={new_tokens}", "--greedy", "--ignore-end", "--warm-up", "--profile"
                )
                for kernel in report["kernels"]:
                    results.append(
                        {
                            "library": library["file"],
                            "prompt": prompt,
                            "new_tokens": new_tokens,
                            "kernel": kernel["kernel"],
                            "launches": kernel["launches"],
                            "us": 1e6 * kernel["seconds"] / max(kernel["launches"], 1),
                        }
                    )
    return results


def sanitizer(tools: Tools) -> list[dict]:
    """compute-sanitizer on a prompt of three tokens and a token behind it."""
    if tools.emulates:
        raise Unavailable("it watches a GPU; the emulator names races and accesses out of bounds itself")
    program = tools.program("compute-sanitizer")
    smallest = tools.smallest_model()
    results = []
    libraries = sorted(tools.libraries("model", model=smallest), key=lambda l: (l["weights"] != "bf16"))
    for library in libraries:
        for tool in ("memcheck", "racecheck", "synccheck"):
            entry = {"library": library["file"], "tool": tool, "errors": None}
            results.append(entry)
            options = [f"--token-ids={tools.ids(smallest + '-long', 3)}", "--max-new-tokens=2", "--greedy", "--ignore-end", "--no-graphs"]
            command = [program, "--tool", tool, "--error-exitcode", "99", *tools.command(library, *options)]
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


def ncu(tools: Tools) -> dict:
    """Nsight Compute's counters of a token's kernels."""
    if tools.emulates:
        raise Unavailable("it counts on a GPU")
    program = tools.program("ncu")
    library = tools.libraries("model", model=tools.timed_model(), weights="bf16")[0]
    ids = tools.ids(f"{library['model']}-long", 64)
    sections = [word for name in ("SpeedOfLight", "MemoryWorkloadAnalysis", "Occupancy") for word in ("--section", name)]
    options = [f"--token-ids={ids}", "--max-new-tokens=2", "--greedy", "--ignore-end", "--no-graphs"]
    command = [program, "--clock-control", "none", *sections, "--csv", "--page", "details", *tools.command(library, *options)]
    out, _ = tools.run(command, 120)
    (tools.kit / "work/ncu.csv").write_text(out)
    start = out.find('"ID"')
    if start < 0:
        raise Failed("ncu printed no table")
    values: dict = {}
    for row in csv.DictReader(io.StringIO(out[start:])):
        try:
            value = float(row["Metric Value"].replace(",", ""))
        except (KeyError, TypeError, ValueError):
            continue
        metric = f"{row['Metric Name']} [{row['Metric Unit']}]"
        values.setdefault(row["Kernel Name"], {}).setdefault(metric, []).append(value)
    return {
        kernel: {metric: statistics.fmean(numbers) for metric, numbers in metrics.items()}
        for kernel, metrics in values.items()
    }


def pytorch(tools: Tools) -> dict:
    """PyTorch's GPT-2 of the same sizes: eager, compiled, as a graph."""
    try:
        import torch
    except ImportError:
        raise Unavailable(f"{sys.executable} has no torch") from None
    device = "cpu" if tools.emulates else "cuda"
    if device == "cuda" and not torch.cuda.is_available():
        raise Unavailable("torch sees no GPU")
    sizes = tools.manifest["models"][tools.timed_model()]["sizes"]
    out = tools.kit / "work/pytorch.json"
    out.unlink(missing_ok=True)
    context = sizes[3]
    command = [
        sys.executable,
        tools.kit / "pytorch_gpt2.py",
        out,
        f"--device={device}",
        "--sizes=" + ",".join(map(str, sizes)),
        f"--contexts=64,{context - 64}",
        f"--prompts=64,{context}",
        *(["--new-tokens=4", "--product=256"] if tools.emulates else []),
    ]
    try:
        tools.run(command, 300)
    except Failed as error:
        tools.failed.append(str(error))
    if not out.exists():
        raise Failed("nothing was measured")
    return json.loads(out.read_text())
