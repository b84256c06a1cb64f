# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws what the pages of chapters 4 to 6, and that of the architecture, explain,
as SVG.

usage: drawings.py FOLDER
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

BLUE, ORANGE, GREY, PALE = "#3568a8", "#d9822b", "#8a8f98", "#e8edf4"
LINES = [BLUE, ORANGE, "#4f9d69", "#a8477b"]


def page(width: float, height: float):
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set_axis_off()
    axes.set_aspect("equal")
    return figure, axes


def box(axes, x, y, text="", width=1.0, height=1.0, fill=PALE, edge=GREY, size=9):
    axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, lw=0.8))
    if text:
        colour = "white" if fill in (*LINES, GREY) else "black"
        axes.text(
            x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=size, color=colour
        )


def arrow(axes, start, end, colour=GREY):
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, lw=0.9, color=colour)
    )


def save(figure, axes, file: Path) -> None:
    axes.autoscale_view()
    figure.savefig(file, bbox_inches="tight", transparent=True)
    plt.close(figure)


def coalescing(file: Path) -> None:
    """Eight lanes read 64 numbers that lie in lines of 8."""
    figure, axes = page(10, 4.6)
    lanes, rows = 8, 8

    def memory(left: float, of_lane, title: str, lines: int) -> None:
        axes.text(left, rows + 3.2, title, fontsize=11, weight="bold")
        axes.text(left, rows + 2.5, f"first read: {lines} line{'s' * (lines > 1)}", fontsize=9.5)
        for lane in range(lanes):
            box(axes, left + lane, rows + 1, f"{lane}", fill=LINES[0], size=8)
        for row in range(rows):
            for column in range(8):
                lane, turn = of_lane(row, column)
                first = turn == 0
                box(
                    axes, left + column, rows - 1 - row, f"{lane}" if first else "",
                    fill=LINES[1] if first else PALE, size=8,
                )
        axes.text(left - 0.2, rows + 1.5, "lane", ha="right", va="center", fontsize=9)
        axes.text(left - 0.2, rows - 0.5, "row 0", ha="right", va="center", fontsize=9)
        axes.text(left - 0.2, 0.5, "row 7", ha="right", va="center", fontsize=9)

    memory(0, lambda row, column: (row, column), "a row to a lane", 8)
    memory(13, lambda row, column: (column, row), "a row to all lanes", 1)
    save(figure, axes, file)


def shuffle(file: Path) -> None:
    """A sum over 8 lanes in 3 exchanges, with numbers."""
    figure, axes = page(9, 4.6)
    values = [3, 1, 4, 1, 5, 9, 2, 6]
    y = 9.0
    for lane in range(8):
        axes.text(2 * lane + 0.5, y + 1.6, f"lane {lane}", ha="center", fontsize=8.5)
    for step, offset in enumerate((1, 2, 4, None)):
        for lane, value in enumerate(values):
            box(axes, 2 * lane, y, str(value), fill=LINES[0] if offset is None else PALE)
        if offset is None:
            break
        axes.text(-0.6, y - 1.0, f"lane xor {offset}", ha="right", va="center", fontsize=9)
        for lane in range(8):
            arrow(axes, (2 * (lane ^ offset) + 0.5, y), (2 * lane + 0.5, y - 2.0), LINES[1])
            arrow(axes, (2 * lane + 0.5, y), (2 * lane + 0.5, y - 2.0))
        values = [value + values[lane ^ offset] for lane, value in enumerate(values)]
        y -= 3.0
    axes.text(-0.6, y + 0.5, "every lane has it", ha="right", va="center", fontsize=9)
    save(figure, axes, file)


def tiles(file: Path) -> None:
    """The product's tiles: of x, of w, of y; and what one thread has of y."""
    figure, axes = page(10, 5.4)
    # One unit: four elements. y is at (0, 0), 16 wide, 8 high.
    box(axes, 0, 0, width=16, height=8)
    for thread in range(1, 16):
        axes.plot([thread, thread], [0, 8], color="white", lw=0.6)
    for strip in range(4):  # rows 2, 10, 18, 26
        axes.add_patch(Rectangle((5, 8 - 0.75 - 2 * strip), 1, 0.25, facecolor=LINES[1]))
    axes.text(8, -1.6, "y: 32 rows, 64 columns, one block's", ha="center", fontsize=9.5)
    axes.text(
        16.6, 4, "thread (5, 2):\n4 x 4 sums,\nin registers", va="center", fontsize=9.5, color=LINES[1]
    )
    # x to the left, w above; the step at hand is darker.
    for step in range(3):
        fill = LINES[0] if step == 1 else PALE
        box(axes, -26 + 8.5 * step, 0, width=8, height=8, fill=fill)
    for step in range(3):
        fill = LINES[0] if step == 1 else PALE
        box(axes, 0, 8.8 + 8.5 * step, width=16, height=8, fill=fill)
    axes.text(-13.5, -1.6, "x: 32 rows, 32 columns at a time", ha="center", fontsize=9.5)
    axes.text(16.6, 13, "w: 32 rows,\n64 columns\nat a time", va="center", fontsize=9.5)
    axes.text(-13.5, 9.2, "blue: in shared memory now", ha="center", fontsize=9.5, color=LINES[0])
    save(figure, axes, file)


def quadratic(file: Path) -> None:
    """What is computed for each new token: everything again, or one row."""
    figure, axes = page(10, 4.2)
    steps = 6

    def panel(left: float, title: str, is_new, total: str) -> None:
        axes.text(left, steps + 1.6, title, fontsize=11, weight="bold")
        axes.text(left, steps + 0.8, total, fontsize=9.5)
        for step in range(steps):
            axes.text(left - 0.3, steps - step - 0.5, f"token {step + 1}", fontsize=8, ha="right", va="center")
            for token in range(step + 1):
                new = is_new(step, token)
                box(axes, left + token, steps - step - 1, fill=LINES[0] if new else PALE)

    panel(1.5, "Again each time", lambda step, token: True,
          f"rows through all layers: 1 + 2 + ... + {steps} = {steps * (steps + 1) // 2}")  # fmt: skip
    panel(steps + 5.0, "Once", lambda step, token: step == token,
          f"rows: {steps}; what is pale is read from the cache")  # fmt: skip
    save(figure, axes, file)


def cache(file: Path) -> None:
    """One layer's keys of three sequences, and what a batched step touches."""
    figure, axes = page(10, 3.6)
    filled, positions = [9, 3, 6], 12
    for sequence, length in enumerate(filled):
        y = 2 * (len(filled) - sequence)
        axes.text(-0.3, y + 0.5, f"sequence {sequence}", fontsize=8.5, ha="right", va="center")
        for position in range(positions):
            new = position == length
            read = position < length
            fill = LINES[1] if new else LINES[0] if read else "white"
            box(axes, position, y, "new" if new else "", fill=fill, size=7)
        axes.text(positions + 0.3, y + 0.5, f"positions[t] = {length}: reads {length + 1}", fontsize=8.5, va="center")
    axes.text(0, 2 * len(filled) + 1.6, "keys[s, l, h]: P positions of D channels", fontsize=11, weight="bold")
    save(figure, axes, file)


def fragments(file: Path) -> None:
    """Which lane holds which element of a factor and of the sums, for three kinds of
    matrix units (PTX ISA 9.7.14; CDNA3 ISA 7.1; RDNA3 ISA 7.9)."""
    kinds = {
        "NVIDIA, mma.sync: 32 lanes": (
            lambda row, k: row % 8 * 4 + k % 8 // 2,
            lambda row, column: row % 8 * 4 + column % 8 // 2,
        ),
        "AMD CDNA, v_mfma: 64 lanes": (
            lambda row, k: row + 16 * (k // 4),
            lambda row, column: column + 16 * (row // 4),
        ),
        "AMD RDNA 3, v_wmma: 32 lanes": (
            lambda row, k: row,
            lambda row, column: column + 16 * (row % 2),
        ),
    }
    figure, axes = page(13, 9)
    for i, (title, parts) in enumerate(kinds.items()):
        for j, (name, lane_of) in enumerate(zip(("left factor: row, k", "sums: row, column"), parts)):
            left, bottom = 18.5 * i, 19 * (1 - j)
            if j == 0:
                axes.text(left, bottom + 18, title, fontsize=10, weight="bold")
                name += " (lanes 16 to 31 hold the same)" * ("RDNA" in title)
            axes.text(left, bottom + 16.5, name, fontsize=9)
            for row in range(16):
                for column in range(16):
                    lane = lane_of(row, column)
                    fill = LINES[[0, 1, 17].index(lane)] if lane in (0, 1, 17) else PALE
                    box(axes, left + column, bottom + 15 - row, f"{lane}", fill=fill, size=4.5)
    save(figure, axes, file)


def flow(file: Path) -> None:
    """From text and checkpoint to logits: what is made of what, and where."""
    figure, axes = page(13, 7.6)
    rooms = {"compiler": LINES[0], "model": LINES[2], "run": LINES[1], "device": LINES[3]}
    width, height = 7.6, 1.7

    def thing(x, y, text, room=None):
        """What there is: given, or made by a room."""
        box(axes, x, y, text, width, height, fill=rooms.get(room, PALE), size=8)

    def below(x, y, label):
        """How what stands at (x, y) is made of what stands above it."""
        arrow(axes, (x + width / 2, y + 3.6), (x + width / 2, y + height))
        # To the left of compilation, whose steps are told things from the right.
        x, side = (x - 0.2, "right") if x == 0 else (x + 0.2, "left")
        axes.text(x + width / 2, y + (3.6 + height) / 2, label, fontsize=7.5, va="center", ha=side)

    # Compilation.
    thing(0, 18, "gpt2.mlir, and kernels from\ncommon and the chapters")
    thing(0, 14.4, "one module: scf, linalg,\ntensors with ?", "compiler")
    below(0, 14.4, "pipeline/link: by symbol")
    thing(0, 10.8, "memrefs, loops, vectors;\nall sizes known", "compiler")
    below(0, 10.8, "passes/, in the chapter's stages")
    thing(0, 7.2, "LLVM dialect;\nkernels as NVVM, ROCDL", "compiler")
    below(0, 7.2, "pipeline/: the stages all share")
    thing(0, 3.6, "object code; PTX,\nAMD's code objects", "compiler")
    below(0, 3.6, "codegen/: LLVM; kept for later runs")
    for y, end, text, label in (
        (13.6, 13.8, "config.json: sizes,\nactivation", "passes/model"),
        (11.2, 13.1, "a schedule, in chapter 6", "run-schedule"),
    ):
        thing(13, y, text)
        arrow(axes, (13, y + height / 2), (width / 2 + 0.1, end))
        axes.text(12.6, y + height + (0.1 if y > 12 else -2.2), label, fontsize=7.5, va="center", ha="right")
    # The model, and what is asked of it.
    thing(25, 18, "model.safetensors, .bin")
    thing(25, 14.4, "Checkpoint: tensors by\nname, as they lie in the file", "model")
    below(25, 14.4, "model/checkpoint")
    thing(25, 10.8, "Weights: by layer, in the\nprogram's format", "model")
    below(25, 10.8, "model/weights")
    thing(36, 18, "a prompt")
    thing(36, 10.8, "token ids", "model")
    arrow(axes, (36 + width / 2, 18), (36 + width / 2, 10.8 + height))
    axes.text(36.2 + width / 2, 15.2, "model/tokenizer", fontsize=7.5, va="center")
    # Where they meet.
    thing(13, 3.6, "Executable: entries, and\nwhat they say of themselves", "device")
    arrow(axes, (width, 3.6 + height / 2), (13, 3.6 + height / 2))
    axes.text((width + 13) / 2, 4.9, "codegen/program", fontsize=7.5, ha="center")
    thing(13, 0, "the CPU, CUDA, HIP,\nor the emulator", "device")
    below(13, 0, "device/: launch, copy, wait")
    thing(25, 3.6, "Forward: weights packed\nonce, then step by step", "run")
    arrow(axes, (13 + width, 3.6 + height / 2), (25, 3.6 + height / 2))
    arrow(axes, (25 + width / 2, 10.8), (25 + width / 2, 3.6 + height))
    axes.text(25.2 + width / 2, 8.4, "run/forward", fontsize=7.5, va="center")
    arrow(axes, (36 + width / 2, 10.8), (25 + width, 3.6 + height))
    axes.text(38.4, 8.4, "run/sequence", fontsize=7.5, va="center")
    thing(36, 3.6, "logits", "run")
    arrow(axes, (25 + width, 3.6 + height / 2), (36, 3.6 + height / 2))
    thing(36, 0, "the next token", "model")
    below(36, 0, "model/sampler")
    for i, (name, colour) in enumerate([("what a user gives", PALE), *((f"common/{room}", colour) for room, colour in rooms.items())]):  # fmt: skip
        box(axes, 8.5 * i, -2.8, width=1.2, height=0.8, fill=colour)
        axes.text(8.5 * i + 1.6, -2.4, name, fontsize=8, va="center")
    save(figure, axes, file)


def main() -> None:
    folder = Path(sys.argv[1])
    flow(folder / "architecture-flow.svg")
    coalescing(folder / "ch04-coalescing.svg")
    shuffle(folder / "ch04-shuffle.svg")
    tiles(folder / "ch04-tiles.svg")
    quadratic(folder / "ch05-quadratic.svg")
    cache(folder / "ch05-cache.svg")
    fragments(folder / "ch06-fragments.svg")


if __name__ == "__main__":
    main()
