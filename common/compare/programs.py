# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs programs, each in a process of its own, and notices who else ran.

A program's own account of itself comes as JSON (a chapter's --report). Its peak
memory and processor time are the kernel's account of the process; what others
used meanwhile is what /proc/stat counts beyond it.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

# A single process that takes longer than this is stopped, in seconds.
LIMIT = 900


class UserError(Exception):
    """One message for the user; the program ends with exit code 1."""


class ProgramFailed(Exception):
    """A program did not do what it was asked: its own words, or its signal."""


@dataclass
class Busy:
    """Processor time in seconds, summed over runs: all there was (elapsed time
    times processors), what others used, and what the hypervisor gave away."""

    available: float = 0
    others: float = 0
    steal: float = 0

    def add(self, other: "Busy") -> None:
        self.available += other.available
        self.others += other.others
        self.steal += other.steal

    def shares(self) -> dict:
        total = self.available or 1
        return {"others": self.others / total, "steal": self.steal / total}


@dataclass
class Run:
    """What came of one process."""

    report: dict = field(default_factory=dict)
    out: str = ""
    err: str = ""
    peak_memory: int = 0  # bytes
    seconds: float = 0
    busy: Busy = field(default_factory=Busy)


def processor_times() -> tuple[float, float]:
    """Seconds that processors have worked since the start, and seconds stolen
    from them, over all processors; zeros where there is no /proc/stat."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0, 0.0
    # user nice system idle iowait irq softirq steal
    ticks = [int(word) for word in words[1:9]]
    second = os.sysconf("SC_CLK_TCK")
    return (sum(ticks[:3]) + sum(ticks[5:7])) / second, ticks[7] / second


def failure(name: str, code: int, err: str) -> str:
    """Why a process ended that should not have, in one line."""
    if code < 0:
        try:
            return f"{name} was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"{name} was ended by signal {-code}"
    for line in err.splitlines():
        if "error: " in line:
            return line.split("error: ", 1)[1]
    lines = err.strip().splitlines()
    return lines[-1] if lines else f"{name} ended with exit code {code}"


def run(command: list[str], report: bool = False) -> Run:
    """Runs `command` to its end. With `report`, it is asked for a --report.
    Throws ProgramFailed if it cannot be started, fails, is ended by a signal, or
    takes too long."""
    name = Path(command[0]).name
    result = Run()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        if report:
            command = [*command, f"--report={file}"]
        out, err = Path(folder) / "out", Path(folder) / "err"
        start, (worked, stolen) = time.monotonic(), processor_times()
        with out.open("wb") as out_file, err.open("wb") as err_file:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file
                )
            except OSError as error:
                raise ProgramFailed(f"{name}: {error.strerror}") from error
            code, usage = wait(process)
        result.seconds = time.monotonic() - start
        worked_after, stolen_after = processor_times()
        result.out = out.read_text(errors="replace")
        result.err = err.read_text(errors="replace")
        if code is None:
            raise ProgramFailed(f"{name} took longer than {LIMIT} s and was stopped")
        if code != 0:
            raise ProgramFailed(failure(name, code, result.err))
        if report:
            result.report = parse(file.read_text() if file.exists() else "", name)
    own = usage.ru_utime + usage.ru_stime
    result.peak_memory = usage.ru_maxrss * 1024
    result.busy = Busy(
        available=result.seconds * (os.cpu_count() or 1),
        others=max(0.0, worked_after - worked - own),
        steal=max(0.0, stolen_after - stolen),
    )
    return result


def wait(process: subprocess.Popen):
    """Exit code (None: stopped at the limit) and resource usage."""
    deadline = time.monotonic() + LIMIT
    pause = 0.001
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, usage
            if time.monotonic() > deadline:
                process.kill()
                _, _, usage = os.wait4(process.pid, 0)
                process.returncode = -signal.SIGKILL
                return None, usage
            time.sleep(pause)
            pause = min(0.01, pause * 1.2)
    except BaseException:  # an interrupt leaves nothing running
        process.kill()
        process.wait()
        raise


def parse(text: str, name: str) -> dict:
    """JSON that a program printed. Throws ProgramFailed if it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ProgramFailed(f"{name} wrote no JSON: {error}") from error
