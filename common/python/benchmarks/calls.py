# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Python costs: a call of its own, and beside the chapter's program.

    ./tutorial build ch06-vectorize
    ./tutorial python common/python/benchmarks/calls.py

Prints the time of a call whose model computes next to nothing, and seconds per
token of the embedded model by Python and by the program, in turn.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "common/python/tests"))

import judge  # noqa: E402
from lowering_gpt2 import GPT2  # noqa: E402

PROGRAM = ROOT / "build/release/bin/ch06-vectorize"
TOKENS = 400


def call() -> list[float]:
    """Seconds of session.extend() by a token, on the smallest model."""
    with tempfile.TemporaryDirectory() as folder:
        model = GPT2.from_pretrained(judge.write_model(Path(folder) / "tiny"), device="cpu")
        session, seconds = model.session([1]), []
        for _ in range(2000):
            start = time.perf_counter()
            session.extend([5])
            seconds.append(time.perf_counter() - start)
            session.truncate(1)
    return seconds


def per_token(model: GPT2, options: list[str]) -> tuple[float, float]:
    """Of a greedy text: by Python, and by the program."""
    model.generate("Once", max_new_tokens=TOKENS, do_sample=False, eos_token_id=None)
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run(
            [PROGRAM, *options, f"--max-new-tokens={TOKENS}", f"--report={report.name}", "Once"],
            check=True,
            capture_output=True,
        )
        steps = json.loads(Path(report.name).read_text())["steps"]
    return model.timings["per_token"], statistics.median(steps[1:])


def main() -> None:
    seconds = call()
    print(f"a call: {min(seconds) * 1e6:.1f} us, median {statistics.median(seconds) * 1e6:.1f}")
    model = GPT2.from_pretrained(device="cpu")
    pairs = [per_token(model, ["--device=cpu", "--greedy", "--ignore-end"]) for _ in range(9)]
    python, program = (statistics.median(times) for times in zip(*pairs))
    print(f"a token: {python * 1e6:.1f} us by Python, {program * 1e6:.1f} by the program")


main()
