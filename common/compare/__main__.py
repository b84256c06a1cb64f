# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of ./tutorial compare."""

import argparse
import datetime
import shlex
import sys
import tempfile
from pathlib import Path

from . import book, kernels, machine, measure, plan, plots, results, tables
from .plan import METRICS, Settings
from .programs import ProgramFailed, UserError

ROOT = Path(__file__).parents[2]
# Given by ./tutorial, and not said again in results.
HIDDEN = ("--bin=", "--all-chapters=")

EPILOG = """\
metrics:
""" + "\n".join(f"  {name:<12}{meaning}" for name, meaning in METRICS.items()) + """

Times are medians over the runs, with the least and the most. Chapters run in
turn, each in a process of its own; the first run of each is not counted. The
exit code is 1 if a chapter is missing, fails, or computes something else than
the reference.
"""  # fmt: skip


def numbers(text: str) -> list[int]:
    """1,64,256 as a list; each must be 1 or more."""
    words = text.split(",")
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(f"'{text}': expected numbers of 1 or more, as 1,64")
    return list(dict.fromkeys(map(int, words)))


def positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}': expected a number of 1 or more")
    return int(text)


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise UserError(f"{message}; see ./tutorial compare --help")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="./tutorial compare",
        description="Measures chapters beside each other: time, share of what this machine "
        "could do, memory, and whether they compute what the reference does.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--chapters", metavar="A,B", help="only these (default: all)")
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="as the chapters take it: a directory, a file, gpt2, or random-124m (default: the "
        "embedded model)",
    )
    parser.add_argument(
        "--tokens", metavar="T,...", type=numbers, default=[64], help="prompts' lengths (default 64)"
    )
    parser.add_argument(
        "--threads", metavar="N,...", type=numbers, default=[1], help="numbers of threads (default 1)"
    )
    parser.add_argument(
        "--new-tokens", metavar="N", type=positive, default=20, help="made per run (default 20)"
    )
    parser.add_argument(
        "--runs", metavar="N", type=positive, default=5, help="counted runs of each row (default 5)"
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=positive,
        help="time for each row's counted runs; slow rows do fewer, but more than one second "
        "(default 8 for the embedded model, 40 for others)",
    )
    parser.add_argument("--metrics", metavar="A,B", help="only these, see below (default: all)")
    parser.add_argument(
        "--variants",
        metavar="CHAPTER",
        help="one chapter beside its parent and the changes to its pipeline that "
        "book/variants/CHAPTER.json names",
    )
    parser.add_argument(
        "--kernels", action="store_true", help="kernels alone, at GPT-2 small's shapes, T = 64"
    )
    parser.add_argument("--against", metavar="FILE", type=Path, help="compare with earlier results")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=Path("results"), help="default results/"
    )
    parser.add_argument("--name", help="of the files in DIR (default: model, date and time)")
    parser.add_argument(
        "--update-book",
        nargs="?",
        const=",".join(book.COMPARISONS),
        metavar="A,B",
        help="measure what the book quotes, all of it or only "
        f"{', '.join(book.COMPARISONS)}, and rewrite book/results and README.md",
    )
    parser.add_argument("--bin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--all-chapters", required=True, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def chosen(text: str | None, known: list[str], what: str) -> list[str]:
    """The names in `text`, or all."""
    if text is None:
        return list(known)
    names = text.split(",")
    for name in names:
        if name not in known:
            raise UserError(f"there is no {what} '{name}'; there are: {', '.join(known)}")
    return [name for name in known if name in names]


def settings_of(args: argparse.Namespace) -> Settings:
    known = args.all_chapters.split(",")
    chapters = chosen(args.chapters, known, "chapter")
    metrics = set(chosen(args.metrics, list(METRICS), "metric"))
    if args.variants:
        chapters = chosen(args.variants, known, "chapter")
        at = known.index(args.variants)
        chapters = known[max(0, at - 1) : at + 1]
        if args.metrics is None:
            metrics = {"first", "score"}
    return Settings(
        model=args.model,
        chapters=chapters,
        variants=args.variants,
        tokens=args.tokens,
        threads=args.threads,
        new_tokens=args.new_tokens,
        runs=args.runs,
        seconds=args.seconds or (40 if args.model else 8),
        metrics=metrics,
        bin=args.bin.resolve(),
        root=ROOT,
    )


def check_lengths(settings: Settings, model: dict) -> None:
    if settings.new_tokens < 2:
        raise UserError(
            "--new-tokens=1: expected at least 2, since the first token's time is the prompt's "
            "and only those after it are times per token"
        )
    longest = max(settings.tokens) + settings.new_tokens - 1
    if longest > model["context"]:
        raise UserError(
            f"--tokens={max(settings.tokens)} with {settings.new_tokens} new tokens is a "
            f"sequence of {longest}; the model's context is {model['context']}"
        )


def frame(kind: str, command: str, llvm: str | None) -> dict:
    """What every file of results begins with."""
    return {
        "format": results.FORMAT,
        "version": results.VERSION,
        "kind": kind,
        "command": command,
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "commit": machine.commit(ROOT),
        "machine": machine.machine(),
        "versions": machine.versions(llvm),
    }


def compare_chapters(settings: Settings, command: str) -> dict:
    """Measures, and returns a file of results."""
    with tempfile.TemporaryDirectory() as folder:
        subjects, description = plan.subjects(settings, Path(folder))
        sizes = description["model"]
        name = settings.model or "fairy-tales (embedded)"
        if settings.model and Path(settings.model).exists():
            name = Path(settings.model).resolve().name
        model = {"name": name, **sizes, "weight_bytes": 4 * sizes["parameters"]}
        check_lengths(settings, model)
        measured = measure.measure(settings, model, subjects)
    return {
        **frame("chapters", command, description["llvm"]),
        "model": model,
        "settings": {
            "tokens": settings.tokens,
            "threads": settings.threads,
            "new_tokens": settings.new_tokens,
            "runs": settings.runs,
            "metrics": [name for name in METRICS if name in settings.metrics],
        },
        **measured,
    }


def compare_kernels(settings: Settings, command: str) -> dict:
    description = plan.describe(settings, settings.chapters[0])
    chapters = [
        chapter
        for chapter in settings.chapters
        if plan.runs_on_cpu(settings, chapter) and (settings.bin / f"{chapter}-bench").exists()
    ]
    if not chapters:
        raise UserError(
            "kernels for a GPU are timed where they run: ./tutorial run --profile; "
            "a chapter with schedules has no kernels alone"
        )
    measured = kernels.measure(settings.bin, chapters, settings.runs)
    return {**frame("kernels", command, description["llvm"]), **measured}


def show(measured: dict, earlier: dict | None = None) -> None:
    """All tables, on the terminal."""
    print(tables.heading(measured), end="\n\n")
    if measured["kind"] == "kernels":
        print(tables.as_text(tables.kernel_table(measured)))
        print("In brackets: the share of this machine's peak of multiply-adds.\n")
    else:
        wanted = measured["settings"]["metrics"]
        for metrics, make in {
            ("compile", "load", "first", "token", "generation"): tables.time_table,
            ("first", "token"): tables.speedup_table,
            ("difference", "memory", "score"): tables.property_table,
            ("contexts",): tables.context_table,
            ("batch",): tables.batch_table,
            ("passes",): tables.pass_table,
        }.items():
            if set(wanted).isdisjoint(metrics):
                continue
            if len(table := make(measured)) > 1:
                print(tables.as_text(table))
        if notes := tables.notes(measured):
            print("\n".join(notes), end="\n\n")
    print(tables.as_text(tables.limit_table(measured)), end="")
    if earlier:
        print(f"\nBeside {tables.heading(earlier)}\n")
        print(tables.as_text(tables.against_table(measured, earlier)), end="")
    if note := tables.busy_note(measured):
        print("\n" + note, end="")


def exit_code(measured: dict) -> int:
    bad = {"failed", "missing", "wrong"}
    rows = measured.get("rows", [])
    return 1 if measured.get("failures") or any(row["status"] in bad for row in rows) else 0


def default_name(measured: dict) -> str:
    what = "kernels"
    if measured["kind"] == "chapters":
        what = measured["model"]["name"].split()[0]
    return f"{what}-{measured['date'][:16].replace(':', '').replace('T', '-')}"


def load_earlier(args: argparse.Namespace) -> dict | None:
    if not args.against:
        return None
    if args.kernels:
        raise UserError("--against compares chapters, not --kernels")
    return results.load(args.against)


def require_same_model(settings: Settings, earlier: dict | None) -> None:
    if not earlier:
        return
    own = plan.describe(settings, settings.chapters[-1])["model"]
    theirs = {name: earlier["model"][name] for name in own}
    if own != theirs:
        raise UserError(
            f"--against: those results are of {earlier['model']['name']}, a model of other "
            f"sizes; give the same --model"
        )


def compare(arguments: list[str]) -> tuple[dict, int]:
    """Measures and shows what `arguments` ask for: the results and the exit code."""
    args = parse(arguments)
    settings = settings_of(args)
    earlier = load_earlier(args)
    require_same_model(settings, earlier)
    own = [a for a in arguments if not a.startswith(HIDDEN)]
    command = shlex.join(["./tutorial", "compare", *own])
    measured = (compare_kernels if args.kernels else compare_chapters)(settings, command)
    measured = results.rounded(measured)
    show(measured, earlier)
    return measured, exit_code(measured)


def run(arguments: list[str]) -> int:
    args = parse(arguments)
    if args.update_book:
        names = chosen(args.update_book, list(book.COMPARISONS), "part of the book's results")
        return book.update(ROOT, names, [a for a in arguments if a.startswith(HIDDEN)], compare)
    results.require_writable(args.output)
    measured, code = compare(arguments)
    name = args.name or default_name(measured)
    path = args.output / f"{name}.json"
    results.save(path, measured)
    drawn = [] if args.kernels else plots.save_all(measured, args.output, name)
    print(f"\nWritten: {path}" + (f", and {len(drawn)} pictures beside it" if drawn else ""))
    return code


def main() -> int:
    try:
        return run(sys.argv[1:])
    except (UserError, ProgramFailed) as error:
        print(f"compare: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncompare: interrupted; nothing was written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
