# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results small enough to compute with by hand, and programs that pretend."""

import copy
import os
import sys
import textwrap
from pathlib import Path

from compare import plan

# One layer of 2 channels and 10 tokens: 12 * 4 = 48 weights in matrices.
MODEL = {
    "name": "tiny",
    "layers": 1,
    "heads": 1,
    "channels": 2,
    "context": 32,
    "vocab": 10,
    "parameters": 100,
    "weight_bytes": 400,
}


def row(chapter: str, parent: str | None, steps: list[list[float]], tokens: int = 3) -> dict:
    result = plan.new_row(chapter, 1)
    result["parent"] = parent
    result["runs"] = [{"tokens": tokens, "steps": s} for s in steps]
    return result


def results() -> dict:
    """Two chapters, prompts of 3; peaks of 100 multiply-adds/s and 50 bytes/s."""
    sample = {"clock": 10.0, "fma": 90.0, "dot_bf16": None, "dot_int8": 800.0, "read": 50.0}
    best = {**sample, "fma": 100.0, "read": 40.0}
    return {
        "format": "lowering-gpt2-results",
        "version": 1,
        "kind": "chapters",
        "command": "./tutorial compare",
        "date": "2026-01-02T03:04:05+00:00",
        "commit": "abcdef0",
        "machine": {"cpu": "a CPU", "cores": 2, "memory": 1 << 30, "caches": {"L2": 1 << 20},
                    "system": "a system"},
        "versions": {"llvm": "22.1.8", "python": "3.11"},
        "busy": {"others": 0.01, "steal": 0.0},
        "model": dict(MODEL),
        "settings": {"tokens": [3], "threads": [1], "new_tokens": 3, "runs": 2,
                     "metrics": list(plan.METRICS)},
        "limits": [{"threads": 1, "vectors": "AVX-512", "bytes": 400.0, "memory": [20.0], "behind": [30.0],
                    "samples": [sample, best]}],
        "rows": [
            row("ch01", None, [[32.0, 20.0, 22.0], [36.0, 24.0, 26.0], [40.0, 21.0, 23.0]]),
            row("ch02", "ch01", [[9.0, 10.0, 12.0], [10.0, 11.0, 11.0]]),
        ],
    }  # fmt: skip


def copy_of(value: dict) -> dict:
    return copy.deepcopy(value)


# A chapter's program: what it does depends on its name.
CHAPTER = """
import json, os, signal, sys, time
from pathlib import Path
name = Path(sys.argv[0]).name
options = dict((a[2:].split("=", 1) + [""])[:2] for a in sys.argv[1:])
with open(Path(sys.argv[0]).parent / "calls", "a") as calls:
    calls.write(name + " " + " ".join(sys.argv[1:]) + "\\n")
if "describe" in options:
    device = {"name": "cuda", "missing": "no NVIDIA driver"} if "gpu" in name else {"name": "cpu"}
    print(json.dumps({"chapter": name, "parent": None, "devices": [device], "max_threads": 1,
          "llvm": "22.1.8", "keeps_cache": "cached" in name, "model": {"layers": 1, "heads": 1, "channels": 2, "context": 32,
          "vocab": 10, "parameters": 100}}))
    sys.exit()
if "crash" in name:
    os.kill(os.getpid(), signal.SIGSEGV)
if "refuse" in name:
    sys.exit("x: error: out of patience")
if "dump-logits" in options:
    import numpy
    bad = "wrong" in name or ("forgets" in name and "prefill" in options)
    value = float("nan") if "nan" in name else 1.5 if bad else 1 + 1e-6
    numpy.save(options["dump-logits"], numpy.full((1, 10), value, numpy.float32))
elif "score" in options:
    counts = dict.fromkeys(["flops", "calls", "bytes_read", "bytes_written", "temporaries",
                            "temporary_bytes", "allocations"], 7)
    json.dump({"tokens": 3, "cache": 1024, "prompt": counts, "next": counts},
              open(options["report"], "w"))
elif "prompt-ids" in options:
    width, new = int(options["batch"]), int(options["max-new-tokens"])
    json.dump({"steps": new - 1, "tokens": (new - 1) * width, "seconds": 0.016},
              open(options["report"], "w"))
else:
    slow = 2.0 if "slow" in name else 0.001
    steps = [slow] * int(options["max-new-tokens"])
    if "mlir-timing" in options:
        print('noise\\n[\\n{"wall": {"duration": 0.3}, "name": "root"},\\n{"wall": '
              '{"duration": 0.2}, "name": "CSE"},\\n{"wall": {"duration": 0.3}, "name": "Total"},'
              '\\n{"wall": {"duration": 0.1}, "name": "(A) Dominance"}\\n]', file=sys.stderr)
    json.dump({"compile": 0.5, "from_cache": "no-cache" not in options, "load": 0.25,
               "steps": steps, "in_compiled_code": sum(steps)}, open(options["report"], "w"))
"""
LIMITS = """
print('{"threads": 1, "vectors": "V", "clock": 10, "fma": 100, "dot_bf16": null, '
      '"dot_int8": null, "bytes": 400, "read": 50}')
"""
JUDGE = """
import numpy, sys
numpy.save(sys.argv[-1].split("=", 1)[1], numpy.ones((1, 10)))
print('{"largest": 1, "tolerance": 0.001}')
"""


def pretend(folder: Path, *names: str) -> None:
    """Writes programs into `folder`: chapters of these names, gpt2-limits and
    gpt2-judge."""
    for name in (*names, "gpt2-limits", "gpt2-judge"):
        text = {"gpt2-limits": LIMITS, "gpt2-judge": JUDGE}.get(name, CHAPTER)
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
        os.chmod(path, 0o755)


def calls(folder: Path, name: str) -> list[str]:
    """How the pretended chapter was called, in order."""
    return [line for line in (folder / "calls").read_text().splitlines() if line.split()[0] == name]
