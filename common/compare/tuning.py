# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What --tune of a chapter saw, as a table and as a picture.

    python3 -m compare.tuning SEEN.json OUT.svg      (by ./tutorial tune)
"""

import argparse
import json
import math
import sys
from pathlib import Path

from . import plots, quantities
from .programs import UserError
from .tables import Table


# Of a trial, and of the schedule's own numbers beside it.
TIMES = ("prompt", "token", "own_prompt", "own_token")


def load(path: Path) -> dict:
    """Throws a UserError if `path` is not what --tune writes."""
    try:
        seen = json.loads(path.read_text())
        names = seen["trials"][0]["numbers"]
        for trial in seen["trials"]:
            if trial["numbers"].keys() != names.keys():
                raise KeyError("numbers")
            if "problem" not in trial and not all(trial[time] > 0 for time in TIMES):
                raise KeyError("a time")
        if "problem" in seen["trials"][0] or "problem" in seen["trials"][seen["best"]]:
            raise KeyError("best")
        return seen
    except (OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    except (KeyError, IndexError, TypeError) as error:
        raise UserError(f"{path}: not what --tune writes: {error!r}; measure again") from error


def changes(seen: dict, trial: dict) -> str:
    """What is other than the schedule's own: "rows 12, part 128"."""
    own = seen["trials"][0]["numbers"]
    parts = [f"{name} {n}" for name, n in trial["numbers"].items() if n != own[name]]
    return ", ".join(parts) or "its own: " + ", ".join(f"{n} {v}" for n, v in own.items())


def title(seen: dict) -> str:
    threads = f"{seen['threads']} thread{'s' if seen['threads'] > 1 else ''}"
    return (
        f"{seen['chapter']}, {seen['schedule']}.mlir on {seen['cpu']}: "
        f"{quantities.count(seen['parameters'])} parameters, {seen['weights'].lower()}, {threads}"
    )


def ordered(seen: dict) -> list[dict]:
    """Those that ran, from the fastest on; times as shares of the schedule's own,
    measured in the same seconds."""
    trials = [
        {
            "changes": changes(seen, trial),
            "prompt": trial["prompt"] / trial["own_prompt"],
            "token": trial["token"] / trial["own_token"],
            "is_own": i == 0,
            "is_best": i == seen["best"],
        }
        for i, trial in enumerate(seen["trials"])
        if "problem" not in trial
    ]
    return sorted(trials, key=lambda trial: math.sqrt(trial["prompt"] * trial["token"]))


def table(seen: dict, most: int = 8) -> Table:
    """The schedule's own numbers, the fastest ones, and what did not run."""
    own, trials = seen["trials"][0], ordered(seen)
    rows = [["numbers", f"prompt of {seen['prompt_tokens']}", "per token"]]
    first = changes(seen, own), quantities.seconds(own["prompt"]), quantities.seconds(own["token"])
    rows.append(list(first))
    for trial in [trial for trial in trials if not trial["is_own"]][:most]:
        name = f"**{trial['changes']}**" if trial["is_best"] else trial["changes"]
        rows.append([name, f"× {trial['prompt']:.2f}", f"× {trial['token']:.2f}"])
    for trial in seen["trials"]:
        if "problem" in trial:
            rows.append([changes(seen, trial), trial["problem"], ""])
    return rows


def quoted_numbers(seen: dict) -> dict[str, str]:
    """What the prose quotes: how much the schedule's own time changed meanwhile."""
    tokens = [trial["own_token"] for trial in seen["trials"] if "problem" not in trial]
    return {
        "ch06_token_least": quantities.seconds(min(tokens)),
        "ch06_token_most": quantities.seconds(max(tokens)),
    }


def picture(seen: dict):
    """Each trial's two times beside the schedule's own."""
    trials = ordered(seen)
    figure, axes = plots.new_axes(title(seen), 1.6 + 0.2 * len(trials))
    axes.axvline(1, color="#333333", linewidth=0.8)
    places = range(len(trials))
    for k, kind in enumerate(["prompt", "token"]):
        axes.plot(
            [trial[kind] for trial in trials],
            places,
            linestyle="none",
            marker=plots.MARKERS[k],
            color=plots.COLOURS[k],
            label=f"prompt of {seen['prompt_tokens']}" if kind == "prompt" else "each token after it",
        )
    axes.set_yticks(places, [trial["changes"] for trial in trials], fontsize=8)
    for tick, trial in zip(axes.get_yticklabels(), trials):
        tick.set_fontweight("bold" if trial["is_own"] or trial["is_best"] else "normal")
    axes.invert_yaxis()
    axes.grid(axis="both")
    axes.set_xlabel("time, × that with the schedule's own numbers")
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    axes.set_title(title(seen), loc="left", fontsize=11, pad=22)
    return figure


def save_picture(seen: dict, path: Path) -> None:
    with plots.pyplot.rc_context(plots.STYLE):
        figure = picture(seen)
        plots.save(figure, path)
        plots.pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seen", type=Path)
    parser.add_argument("out", type=Path, help="the picture, .svg or .png")
    args = parser.parse_args()
    try:
        save_picture(load(args.seen), args.out)
        print(f"drawn: {args.out}")
    except (UserError, OSError) as error:
        sys.exit(f"tutorial tune: error: {error}")


if __name__ == "__main__":
    main()
