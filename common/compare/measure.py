# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The rounds: in each, every row's program runs once, in turn, so that whatever
else the machine does befalls them alike."""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy

from . import programs
from .plan import Settings, Subject
from .programs import Busy, ProgramFailed

# Lengths of sequence for the curve of per-token times.
CONTEXTS = [1, 16, 64, 128, 256, 512, 768, 1024]
# Tokens made at each of them; the first is not per-token time.
CONTEXT_STEPS = 3
# Sequences at once, and the tokens each gets.
BATCHES = [1, 2, 4, 8, 16]
BATCH_TOKENS = 17
# Larger than the caches, to measure memory's rate; and larger than the cache with
# which a score counts (1 MiB), though not than the one behind it.
MEMORY_BYTES = 1 << 30
BEHIND_BYTES = 8 << 20
# A pass slower than this needs no warm-up before it is timed, in seconds.
SLOW = 1.0


class Progress:
    """Says on stderr what is being done: on a terminal in one line that is
    overwritten, elsewhere a line a round."""

    def __init__(self):
        self.start = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def say(self, text: str, line: bool = False) -> None:
        text = f"[{time.monotonic() - self.start:4.0f} s] {text}"
        if self.terminal:
            print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)
        elif line:
            print(text, file=sys.stderr, flush=True)

    def done(self) -> None:
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class Measurement:
    """Fills the rows of `subjects`."""

    def __init__(self, settings: Settings, model: dict, subjects: list[Subject], folder: Path):
        self.settings, self.model, self.subjects = settings, model, subjects
        self.folder = folder
        self.progress = Progress()
        self.busy = Busy()
        self.limits = [
            {"threads": threads, "samples": [], "memory": [], "behind": []}
            for threads in settings.threads
        ]
        self.spent = {id(subject): 0.0 for subject in subjects}

    def measure(self) -> None:
        for subject in self.alive():
            self.guarded(subject, self.calibrate, "first run, not counted")
        self.measure_memory()
        for round_number in range(self.settings.runs):
            self.progress.say(f"round {round_number + 1} of {self.settings.runs}", line=True)
            self.measure_limits()
            for subject in self.alive():
                if not self.is_finished(subject):
                    what = f"round {round_number + 1} of {self.settings.runs}"
                    self.guarded(subject, self.count, what)
        if self.settings.wants("difference"):
            self.measure_differences()
        for metric, step in {
            "score": self.score,
            "passes": self.time_passes,
            "contexts": self.sweep_contexts,
            "batch": self.widen_batch,
        }.items():
            if self.settings.wants(metric):
                self.progress.say(metric, line=True)
                for subject in self.alive():
                    self.guarded(subject, step, metric)
        self.progress.done()

    def alive(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.row["status"] == "ok"]

    def guarded(self, subject: Subject, step, what: str) -> None:
        """One step for one row; if its program fails, the row says so."""
        self.progress.say(f"{subject.name}: {what}")
        try:
            step(subject)
        except ProgramFailed as error:
            subject.fail("failed", str(error))

    # Running a subject.

    def token_file(self, tokens: int) -> Path:
        """Ids 1, 2, ... as a prompt: any vocabulary has them."""
        file = self.folder / f"{tokens}.ids"
        if not file.exists():
            ids = (1 + i % (self.model["vocab"] - 1) for i in range(tokens))
            file.write_text("".join(f"{i}\n" for i in ids))
        return file

    def generate(self, subject: Subject, tokens: int, new: int, *options: str) -> programs.Run:
        command = [*subject.command, f"--token-ids={self.token_file(tokens)}", "--greedy"]
        command += ["--ignore-end", f"--max-new-tokens={new}", *options]
        if subject.is_chapter and "--no-cache" not in options:
            command.append(f"--cache-dir={self.folder}/cache")
        return programs.run(command, report=True)

    # The steps.

    def calibrate(self, subject: Subject) -> None:
        """Fills the cache, and tells how long a run takes."""
        tokens = max(self.settings.tokens)
        run = self.generate(subject, tokens, 2)
        first, *rest = run.report["steps"]
        subject.first, subject.token = first, rest[0] if rest else first
        compiling = 0 if run.report.get("from_cache", True) else run.report["compile"]
        subject.overhead = run.seconds - first - subject.token - compiling

    def is_finished(self, subject: Subject) -> bool:
        """Enough runs, or more than a second of them and no time for more."""
        runs = subject.row["runs"]
        counted = sum(sum(run["steps"]) for run in runs)
        has_seconds = self.spent[id(subject)] < self.settings.seconds
        return bool(runs) and counted >= 1 and not has_seconds

    def new_tokens(self, subject: Subject) -> int:
        """How many tokens a counted run makes: all, or as many as there is time
        for."""
        if not self.settings.wants("token", "generation"):
            return 1
        room = self.settings.seconds - subject.first
        affordable = int(room / subject.token) + 1
        return max(2, min(self.settings.new_tokens, affordable))

    def count(self, subject: Subject) -> None:
        """A cold compilation and a counted run for each length of prompt."""
        row = subject.row
        start = time.monotonic()
        if subject.is_chapter and self.settings.wants("compile"):
            cold = self.generate(subject, 1, 0, "--no-cache")
            row.setdefault("compile", []).append(cold.report["compile"])
        warm_up = ["--warm-up"] if subject.first < SLOW else []
        for tokens in self.settings.tokens:
            run = self.generate(subject, tokens, self.new_tokens(subject), *warm_up)
            self.busy.add(run.busy)
            counted = {"tokens": tokens, "steps": run.report["steps"]}
            if subject.is_chapter:
                counted["in_compiled_code"] = run.report["in_compiled_code"]
            row["runs"].append(counted)
            row.setdefault("load", []).append(run.report["load"])
            row.setdefault("peak_memory", []).append(run.peak_memory)
            if subject.is_chapter:
                row.setdefault("compile_cached", []).append(run.report["compile"])
        self.spent[id(subject)] += time.monotonic() - start

    def run_limits(self, threads: int, size: int) -> dict:
        command = [str(self.settings.bin / "gpt2-limits")]
        run = programs.run([*command, f"--threads={threads}", f"--bytes={size}"])
        self.busy.add(run.busy)
        return programs.parse(run.out, "gpt2-limits")

    def measure_limits(self) -> None:
        """With a buffer as large as the weights: they may fit in a cache."""
        for limit in self.limits:
            sample = self.run_limits(limit["threads"], self.model["weight_bytes"])
            limit["vectors"] = sample.pop("vectors")
            limit["bytes"] = sample.pop("bytes")
            del sample["threads"]
            limit["samples"].append(sample)

    def measure_memory(self) -> None:
        self.progress.say("the machine's limits")
        for limit in self.limits:
            for name, size in {"memory": MEMORY_BYTES, "behind": BEHIND_BYTES}.items():
                limit[name].append(self.run_limits(limit["threads"], size)["read"])

    def measure_differences(self) -> None:
        """Of the logits behind the longest prompt, from the reference's."""
        self.progress.say("the reference", line=True)
        tokens = max(self.settings.tokens)
        ids = f"--token-ids={self.token_file(tokens)}"
        model = self.settings.model or self.settings.root / "common/embedded_model/fairy-tales"
        file = self.folder / "reference.npy"
        judge = [str(self.settings.bin / "gpt2-judge"), f"--model={model}", ids]
        verdict = programs.parse(programs.run([*judge, f"--dump-logits={file}"]).out, "gpt2-judge")
        expected = numpy.load(file)
        for subject in self.alive():
            self.guarded(
                subject,
                lambda subject: self.compare_logits(subject, ids, expected, verdict["tolerance"]),
                "difference from the reference",
            )

    def compare_logits(self, subject, ids: str, expected, tolerance: float) -> None:
        """All tokens at once and, if there is a cache, one after the other too."""
        file = self.folder / "logits.npy"
        row, difference = subject.row, 0.0
        for how in [[], ["--prefill=1"]] if subject.keeps_cache else [[]]:
            file.unlink(missing_ok=True)
            programs.run([*subject.command, ids, *how, f"--dump-logits={file}"])
            if not file.exists():  # PyTorch has no random-124m
                return
            actual = numpy.load(file)
            if actual.shape != expected.shape:
                subject.fail("wrong", f"logits of shape {actual.shape}, not {expected.shape}")
                return
            largest = float(numpy.abs(actual - expected).max())
            difference = max(difference, largest) if largest == largest else largest
        if not difference <= tolerance:  # also if it is not a number
            subject.fail(
                "wrong",
                f"logits differ by {difference:.3g} from the reference; rounding explains "
                f"{tolerance:.3g}",
            )
        if numpy.isfinite(difference):
            row["difference"], row["tolerance"] = difference, tolerance

    def score(self, subject: Subject) -> None:
        if subject.is_chapter:
            tokens = max(self.settings.tokens)
            command = [*subject.command, "--score", f"--score-tokens={tokens}"]
            subject.row["score"] = programs.run(command, report=True).report

    def time_passes(self, subject: Subject) -> None:
        """By MLIR's own clock. What is not a pass: translation to LLVM IR, LLVM's
        optimiser and its code generator."""
        if not subject.is_chapter:
            return
        options = ["--mlir-timing", "--mlir-timing-display=list", "--mlir-output-format=json"]
        run = self.generate(subject, 1, 0, "--no-cache", *options)
        listing = re.search(r"^\[$.*?^\]$", run.err, re.DOTALL | re.MULTILINE)
        if not listing:
            raise ProgramFailed("--mlir-timing printed no list")
        times = {}
        for entry in json.loads(listing[0]):
            name, seconds = entry["name"], entry["wall"]["duration"]
            if name == "root":
                total = seconds
            elif name != "Total" and not name.startswith("(A)") and "ipeline" not in name:
                times[name] = max(0.0, seconds)  # "Rest" may be a rounding below 0
        times["LLVM"] = max(0.0, run.report["compile"] - total)
        subject.row["passes"] = [
            {"name": name, "seconds": seconds}
            for name, seconds in sorted(times.items(), key=lambda item: -item[1])
        ]

    def sweep_contexts(self, subject: Subject) -> None:
        """Per-token time at growing lengths, as far as a point takes at most half
        of a row's time."""
        points, skipped = [], []
        slow, known = max(subject.first, subject.token), max(self.settings.tokens)
        longest = self.model["context"] - CONTEXT_STEPS + 1
        for tokens in dict.fromkeys(min(tokens, longest) for tokens in CONTEXTS):
            expected = subject.overhead + CONTEXT_STEPS * slow * tokens / known
            if skipped or expected > self.settings.seconds / 2:
                skipped.append(tokens)
                continue
            run = self.generate(subject, tokens, CONTEXT_STEPS)
            points.append({"tokens": tokens, "steps": run.report["steps"]})
            slow, known = max(run.report["steps"]), tokens
        subject.row["contexts"], subject.row["contexts_skipped"] = points, skipped


    def widen_batch(self, subject: Subject) -> None:
        """Several sequences of one token, each of which gets some more."""
        if not subject.keeps_cache:
            return
        points = []
        for width in BATCHES:
            if BATCH_TOKENS * width * subject.token > self.settings.seconds:
                break
            file = self.folder / f"{width}.prompts"
            file.write_text("".join(f"{1 + i % (self.model['vocab'] - 1)}\n" for i in range(width)))
            command = [*subject.command, f"--prompt-ids={file}", f"--batch={width}", "--greedy"]
            command += ["--ignore-end", f"--max-new-tokens={BATCH_TOKENS}"]
            report = programs.run([*command, f"--cache-dir={self.folder}/cache"], report=True).report
            points.append({"width": width, "tokens": report["tokens"], "seconds": report["seconds"]})
        subject.row["batch"] = points


def measure(settings: Settings, model: dict, subjects: list[Subject]) -> dict:
    """Measures all rows; returns "limits", "busy" and "rows" of the results."""
    with tempfile.TemporaryDirectory() as folder:
        measurement = Measurement(settings, model, subjects, Path(folder))
        measurement.measure()
    return {
        "limits": measurement.limits,
        "busy": measurement.busy.shares(),
        "rows": [subject.row for subject in subjects],
    }
