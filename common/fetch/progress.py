# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far a file is: a line that is rewritten on a terminal, else one at the end."""

import sys
import time

INTERVAL = 0.2  # seconds between two states of the line


def size(count: float) -> str:
    """Bytes as people read them: 26 B, 1.4 MB, 6.43 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:.0f} {unit}"
        count /= 1000


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


class Progress:
    """Of one file of `total` bytes, if that is known."""

    def __init__(self, name: str, total: int | None):
        self.name, self.total = name, total
        self.is_terminal = sys.stderr.isatty()
        self.start(0)

    def start(self, done: int) -> None:
        """From here on rates are counted: `done` bytes were there before."""
        self.first, self.began, self.shown = done, time.monotonic(), 0.0

    def update(self, done: int) -> None:
        now = time.monotonic()
        if not self.is_terminal or now - self.shown < INTERVAL:
            return
        self.shown = now
        rate = (done - self.first) / max(now - self.began, 1e-3)
        line = f"{self.name}: {size(done)}"
        if self.total:
            line += f" of {size(self.total)}, {100 * done // self.total} %"
        line += f", {size(rate)}/s"
        if self.total and rate > 0:
            line += f", {duration((self.total - done) / rate)} left"
        self.write(line)

    def write(self, line: str) -> None:
        # Back to the line's start, and clear what was longer.
        print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """A line that stays."""
        if self.is_terminal:
            self.write("")
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def finish(self, done: int) -> None:
        seconds = time.monotonic() - self.began
        self.say(f"{size(done)} in {duration(seconds)}, checksum right")
