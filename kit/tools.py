# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kit's steps share: programs run with a limit, logits read and compared."""

from __future__ import annotations

import array
import json
import os
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path


class Unavailable(Exception):
    """What a step needs is not here: its result is null, and this is why."""


class Failed(Exception):
    """A program did not do what it should, in a line."""


def last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def why(out: str, err: str, code: int) -> str:
    """Of a program that ended with an exit code that is not 0."""
    for line in (err + "\n" + out).splitlines():
        if "error: " in line:
            return line.split("error: ", 1)[1]
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return last_line(err) or last_line(out) or f"exit code {code}"


class Tools:
    """Runs programs until a deadline."""

    def __init__(self, kit: Path, device: str):
        self.kit = kit
        self.device = device
        self.manifest = json.loads((kit / "kit.json").read_text())
        self.deadline = float("inf")
        self.runner: list[str] = []  # what gpt2-run is started with
        self.environment = {**os.environ, "LD_LIBRARY_PATH": f"{kit}/lib"}
        # Of the step at hand, line by line: results that are wrong, and parts of
        # it that could not be done.
        self.wrong: list[str] = []
        self.failed: list[str] = []
        self.emulates = device == "emulator"

    def run(self, command: list, seconds: float = 120, codes: tuple = (0,)) -> tuple[str, str]:
        """What it wrote. Throws Unavailable if there is no such program, Failed if
        it ends with another exit code, or not in time."""
        words = [str(word) for word in command]
        name = (
            "gpt2-run" if any(word.endswith("/gpt2-run") for word in words) else Path(words[0]).name
        )
        limit = min(seconds, self.deadline - time.monotonic())
        if limit <= 0:
            raise Failed("no time was left")
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                cwd=self.kit,
                env=self.environment,
            )
        except OSError as error:
            raise Unavailable(f"{name}: {error.strerror}") from error
        try:
            out, err = process.communicate(timeout=limit)
        except BaseException as error:
            # What it started, too.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"{name} took longer than {limit:.0f} s") from None
            raise
        out_text, err_text = (text.decode(errors="replace") for text in (out, err))
        if process.returncode not in codes:
            raise Failed(f"{name}: {why(out_text, err_text, process.returncode)}")
        return out_text, err_text

    def program(self, name: str) -> str:
        """CUDA's `name`, from the PATH or from where toolkits are."""
        folders = [os.environ.get(v, "") for v in ("CUDA_PATH", "CUDA_HOME")] + ["/usr/local/cuda"]
        found = shutil.which(name) or next(
            (
                f"{folder}/bin/{name}"
                for folder in folders
                if folder and os.access(f"{folder}/bin/{name}", os.X_OK)
            ),
            None,
        )
        if not found:
            raise Unavailable(f"there is no {name} here")
        return found

    def start_runner(self) -> str:
        """Finds how gpt2-run starts here: with this system's C library or, if that
        is too old for it, with the kit's."""
        own = [str(self.kit / "gpt2-run")]
        loader = self.kit / "lib/libc/ld.so"
        ways = {"this system's C library": own}
        if loader.exists():
            path = f"{self.kit}/lib/libc:{self.kit}/lib"
            ways["the kit's C library"] = [
                str(loader),
                "--library-path",
                path,
                str(self.kit / "gpt2-run"),
            ]
        reasons = []
        for way, runner in ways.items():
            try:
                self.run([*runner, "--help"], 20)
                self.runner = runner
                return way
            except (Failed, Unavailable) as error:
                reasons.append(f"{way}: {error}")
        raise Failed("gpt2-run does not start: " + "; ".join(reasons))

    def command(self, library: dict, *options) -> list:
        """gpt2-run with a library, as a command."""
        model = self.manifest["models"].get(library.get("model", ""), {}).get("path")
        given = (
            [f"--model={self.kit / model if (self.kit / model).exists() else model}"]
            if model
            else []
        )
        return [
            *self.runner,
            self.kit / library["file"],
            *given,
            f"--device={self.device}",
            *options,
        ]

    def gpt2(self, library: dict, *options, seconds: float = 120) -> tuple[str, str]:
        return self.run(self.command(library, *options), seconds)

    def report(self, library: dict, *options, seconds: float = 120) -> dict:
        """The same, asked for a --report."""
        file = self.kit / "work/report.json"
        file.unlink(missing_ok=True)
        self.gpt2(library, *options, f"--report={file}", seconds=seconds)
        return json.loads(file.read_text())

    def libraries(self, kind: str, **wanted) -> list[dict]:
        """Those of a kind, the newest chapter's first."""
        found = [
            library
            for library in self.manifest["libraries"]
            if library["kind"] == kind and all(library.get(k) == v for k, v in wanted.items())
        ]
        return sorted(found, key=lambda library: library["chapter"], reverse=True)

    def smallest_model(self) -> str:
        return min(self.manifest["models"], key=self.parameters)

    def timed_model(self) -> str:
        """Which model is timed: the largest; on the emulator the smallest."""
        return (
            self.smallest_model()
            if self.emulates
            else max(self.manifest["models"], key=self.parameters)
        )

    def parameters(self, model: str) -> int:
        return self.manifest["models"][model]["parameters"]

    def ids(self, name: str, count: int | None = None) -> Path:
        """A file of token ids: all of `name`'s, or the first `count`."""
        file = self.kit / "reference" / f"{name}.ids"
        if count is None:
            return file
        some = self.kit / "work" / f"{name}-{count}.ids"
        some.write_text("".join(f"{line}\n" for line in file.read_text().split()[:count]))
        return some


def summary(times: list[float]) -> dict:
    """Milliseconds: {"median", "least", "most", "count"}; of seconds."""
    if not times:
        raise Failed("no step was timed")
    scaled = [1e3 * seconds for seconds in times]
    return {
        "median": statistics.median(scaled),
        "least": min(scaled),
        "most": max(scaled),
        "count": len(scaled),
    }


def read_npy(file: Path) -> tuple[int, array.array]:
    """The rows' length and all values of a matrix of f4. Throws Failed if it is
    something else."""
    with file.open("rb") as stream:
        if stream.read(6) != b"\x93NUMPY":
            raise Failed(f"{file.name} is no NumPy file")
        major = stream.read(2)[0]
        size = struct.unpack("<H" if major == 1 else "<I", stream.read(2 if major == 1 else 4))[0]
        header = stream.read(size).decode("latin1")
        shape = re.search(r"'shape': \((\d+), (\d+)\)", header)
        if "'<f4'" not in header or "'fortran_order': False" not in header or not shape:
            raise Failed(f"{file.name} is no matrix of f4: {header}")
        values = array.array("f", stream.read())
    rows, columns = int(shape[1]), int(shape[2])
    if len(values) != rows * columns:
        raise Failed(f"{file.name} has {len(values)} values, and not {rows} x {columns}")
    return columns, swapped(values)


def swapped(values: array.array) -> array.array:
    if sys.byteorder == "big":
        values.byteswap()
    return values


def largest_difference(a: array.array, b: array.array) -> float:
    """Infinite if one has a NaN, or they are not equally long."""
    if len(a) != len(b) or not len(a):
        return float("inf")
    differences = [abs(x - y) for x, y in zip(a, b)]
    if any(d != d for d in differences):
        return float("inf")
    return max(differences)
