# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is to be measured: rows, and whether this machine has what each needs."""

import importlib.util
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import programs
from .programs import ProgramFailed, UserError

# What can be asked for with --metrics.
METRICS = {
    "compile": "time to compile, from nothing and from the cache",
    "load": "time to load the weights",
    "first": "time to the first token",
    "token": "time per token after it",
    "generation": "time for a whole text",
    "memory": "peak memory of the process",
    "difference": "largest difference of the logits from the reference",
    "score": "what the program does, counted",
    "contexts": "time per token over the length of the sequence",
    "batch": "tokens per second of several sequences at once, if there is a cache",
    "passes": "time of each pass of the compiler",
}


@dataclass
class Settings:
    """What the user asked for."""

    model: str | None  # None: the embedded one
    chapters: list[str]
    variants: str | None  # a chapter
    tokens: list[int]
    threads: list[int]
    new_tokens: int
    runs: int
    seconds: float  # of counted runs for each row
    metrics: set[str]
    bin: Path
    root: Path

    def wants(self, *metrics: str) -> bool:
        return not self.metrics.isdisjoint(metrics)

    def model_arguments(self) -> list[str]:
        return [f"--model={self.model}"] if self.model else []


@dataclass
class Subject:
    """A row and how to run it."""

    row: dict
    command: list[str] = field(default_factory=list)
    keeps_cache: bool = False  # keys and values of earlier tokens

    @property
    def name(self) -> str:
        title = self.row["variant"] or self.row["chapter"]
        return f"{title}, {self.row['threads']} threads" if self.row["threads"] > 1 else title

    @property
    def is_chapter(self) -> bool:
        """Runs a chapter's program, which compiles."""
        return not self.row["yardstick"]

    def fail(self, status: str, reason: str) -> None:
        self.row["status"], self.row["reason"] = status, reason


def new_row(chapter: str, threads: int, device: str = "cpu") -> dict:
    return {
        "chapter": chapter,
        "variant": None,
        "parent": None,
        "yardstick": False,
        "threads": threads,
        "device": device,
        "status": "ok",
        "reason": None,
        "runs": [],
    }


def describe(settings: Settings, chapter: str) -> dict:
    """What a chapter's program says of itself. Throws ProgramFailed."""
    command = [str(settings.bin / chapter), *settings.model_arguments(), "--describe"]
    return programs.parse(programs.run(command).out, chapter)


def runs_on_cpu(settings: Settings, chapter: str) -> bool:
    """Whether a chapter runs on the CPU; true if it cannot be asked."""
    try:
        devices = describe(settings, chapter)["devices"]
    except ProgramFailed:
        return True
    return any(device["name"] == "cpu" for device in devices)


def chapter_subjects(settings: Settings, chapter: str) -> tuple[list[Subject], dict]:
    """The rows of a chapter: one for each number of threads and device; and what
    it says of itself, empty if it says nothing."""
    if not (settings.bin / chapter).exists():
        subject = Subject(new_row(chapter, settings.threads[0]))
        subject.fail("missing", f"not built; try ./tutorial build {chapter}")
        return [subject], {}
    try:
        description = describe(settings, chapter)
    except ProgramFailed as error:
        subject = Subject(new_row(chapter, settings.threads[0]))
        subject.fail("failed", str(error))
        return [subject], {}
    subjects = []
    for device in description["devices"]:
        for threads in settings.threads:
            row = new_row(chapter, threads, device["name"])
            row["parent"] = device.get("parent", description["parent"])
            subject = Subject(row, [str(settings.bin / chapter), *settings.model_arguments()])
            subject.command += [f"--threads={threads}", f"--device={device['name']}"]
            subject.keeps_cache = description.get("keeps_cache", False)
            if device.get("missing"):
                subject.fail("unavailable", device["missing"])
            elif threads > description["max_threads"]:
                most = description["max_threads"]
                subject.fail("unavailable", f"runs on {most} thread{'s' * (most > 1)}")
            subjects.append(subject)
    return subjects, description


def replaced(text: str, patterns: list, where: str) -> str:
    """`text` with each of [[regular expression, replacement], ...] replaced."""
    for pattern, replacement in patterns:
        text, count = re.subn(pattern, replacement, text)
        if count == 0:
            raise UserError(f"{where} has no '{pattern}'")
    return text


def variant_subjects(settings: Settings, folder: Path) -> list[Subject]:
    """Rows for changes to a chapter, which book/variants/CHAPTER.json names, each
    by a title. "replace" has regular expressions to be replaced in what
    --emit=pipeline prints, "schedule" the same for the schedule that is there
    named first, "weights" the format that matrices are kept in, and "threads" how
    many there are. Changed files are written into `folder`."""
    chapter = settings.variants
    own = [str(settings.bin / chapter), *settings.model_arguments(), "--device=cpu"]
    file = settings.root / "book" / "variants" / f"{chapter}.json"
    if not file.exists():
        raise UserError(f"{chapter} has no variants: there is no {file}")
    pipeline = programs.run([*own, "--no-cache", "--emit=pipeline"]).out  # of nothing tuned
    subjects = []
    for number, variant in enumerate(json.loads(file.read_text())):
        where = f"{file}: {variant['title']}"
        row = new_row(chapter, variant.get("threads", 1))
        row["variant"] = variant["title"]
        row["parent"] = describe(settings, chapter)["parent"]
        row["weights"] = variant.get("weights", "f32")
        command = [*own, f"--weights={row['weights']}"] if "weights" in variant else [*own]
        if row["threads"] > 1:
            command.append(f"--threads={row['threads']}")
        if "replace" in variant:
            text = replaced(pipeline, variant["replace"], f"{where}: the pipeline")
            path = folder / f"{number}.pipeline"
            path.write_text(text)
            command.append(f"--pipeline={path}")
        if "schedule" in variant:
            named = re.search(r"files={?([^,}\s]+)", pipeline)
            if named is None:
                raise UserError(f"{where}: changes a schedule, and the pipeline runs none")
            schedule = Path(named[1])
            path = folder / f"{number}.mlir"
            path.write_text(replaced(schedule.read_text(), variant["schedule"], f"{where}: {schedule}"))
            command.append(f"--schedule={path}")
        subjects.append(Subject(row, command))
    return subjects


def pytorch_subjects(settings: Settings) -> list[Subject]:
    """PyTorch beside the chapters, if this Python can import it."""
    if importlib.util.find_spec("torch") is None:
        return []
    subjects = []
    model = settings.model or str(settings.root / "common/embedded_model/fairy-tales")
    worker = [sys.executable, str(settings.root / "common" / "compare" / "pytorch.py")]
    try:
        devices = programs.parse(programs.run([*worker, "--devices"]).out, "PyTorch")
    except ProgramFailed as error:
        subject = Subject(new_row("PyTorch", settings.threads[0]))
        subject.row["yardstick"] = True
        subject.fail("failed", str(error))
        return [subject]
    for device in devices:
        for threads in settings.threads if device == "cpu" else [1]:
            row = new_row("PyTorch", threads, device)
            row["yardstick"] = True
            command = [*worker, f"--model={model}", f"--threads={threads}", f"--device={device}"]
            subjects.append(Subject(row, command))
    return subjects


def subjects(settings: Settings, folder: Path) -> tuple[list[Subject], dict]:
    """All rows, and what the first chapter that could be asked says of the model.
    Throws a UserError if none could be asked."""
    rows, description = [], {}
    for chapter in settings.chapters:
        own, described = chapter_subjects(settings, chapter)
        rows += own
        description = description or described
    if not description:
        raise UserError("; ".join(dict.fromkeys(s.row["reason"] for s in rows)))
    if settings.variants:
        rows += variant_subjects(settings, folder)
    else:
        rows += pytorch_subjects(settings)
    return rows, description
