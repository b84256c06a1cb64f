# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps that say how fast it is, and how fast it could be; see checks.py."""

from __future__ import annotations

import csv
import io
import json
import statistics
import sys

from tools import Failed, Tools, Unavailable, summary


def yardsticks(tools: Tools) -> dict:
    """What the GPU can do at most, and what a launch costs."""
    if tools.emulates:
        raise Unavailable("an emulated GPU has no speed of its own")
    nvcc = tools.program("nvcc")
    capability = tools.run(["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"], 20)[
        0
    ]
    chip = "sm_" + capability.splitlines()[0].strip().replace(".", "")
    program = tools.kit / "work/yardsticks"
    source = tools.kit / "yardsticks/yardsticks.cu"
    tools.run([nvcc, "-std=c++17", "-O3", f"-arch={chip}", source, "-o", program], 90)
    return json.loads(tools.run([program], 60)[0])


def timed(tools: Tools, library: dict, prompt: int, new_tokens: int, *options) -> dict:
    """A prompt's time and each token's behind it, in milliseconds."""
    ids = tools.ids(f"{library['model']}-long", prompt)
    steps = tools.report(
        library,
        f"--token-ids={ids}",
        f"--max-new-tokens={new_tokens}",
        "--greedy",
        "--ignore-end",
        "--warm-up",
        *options,
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
        for library in tools.libraries("model", model=tools.timed_model(), weights=weights)[
            : 1 if weights == "f32" else 3
        ]:
            for prompt, new_tokens in lengths(tools, library)[:2]:
                new_tokens = min(new_tokens, 9)
                ids = tools.ids(f"{library['model']}-long", prompt)
                report = tools.report(
                    library,
                    f"--token-ids={ids}",
                    f"--max-new-tokens={new_tokens}",
                    "--greedy",
                    "--ignore-end",
                    "--warm-up",
                    "--profile",
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


def ncu(tools: Tools) -> dict:
    """Nsight Compute's counters of a token's kernels."""
    if tools.emulates:
        raise Unavailable("it counts on a GPU")
    program = tools.program("ncu")
    library = tools.libraries("model", model=tools.timed_model(), weights="bf16")[0]
    ids = tools.ids(f"{library['model']}-long", 64)
    sections = [
        word
        for name in ("SpeedOfLight", "MemoryWorkloadAnalysis", "Occupancy")
        for word in ("--section", name)
    ]
    options = [
        f"--token-ids={ids}",
        "--max-new-tokens=2",
        "--greedy",
        "--ignore-end",
        "--no-graphs",
    ]
    command = [
        program,
        "--clock-control",
        "none",
        *sections,
        "--csv",
        "--page",
        "details",
        *tools.command(library, *options),
    ]
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
