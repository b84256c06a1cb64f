# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ptxas says of kernels, as a table.

usage: kernels.py PTXAS CHIP OURS.ptx            all kernels
       kernels.py PTXAS CHIP OURS.ptx BY_HAND.ptx  three beside hand-written ones
"""

import re
import subprocess
import sys
from pathlib import Path

# Ours, and the yardstick that does the same.
PAIRS = {"layernorm": "layernorm", "attention_1": "softmax", "linear": "linear"}
NAMES = ("registers", "shared bytes", "stack", "spilled", "PTX instructions")


def count_instructions(ptx: str) -> dict[str, int]:
    counts = {}
    for name, body in re.findall(r"\.entry (\w+)\(.*?\n\{(.*?)\n\}", ptx, re.DOTALL):
        lines = (line.strip() for line in body.splitlines())
        counts[name] = sum(1 for line in lines if re.match(r"[@a-z].*;", line))
    return counts


def resources(ptxas: str, chip: str, file: Path) -> dict[str, dict[str, int]]:
    command = [ptxas, f"-arch={chip}", "-v", str(file), "-o", "/dev/null"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    instructions = count_instructions(file.read_text())
    table = {}
    for part in (said.stdout + said.stderr).split("Compiling entry function '")[1:]:
        name = part.split("'")[0]

        def number(pattern: str, part: str = part) -> int:
            found = re.search(pattern, part)
            return int(found.group(1)) if found else 0

        values = (
            number(r"Used (\d+) registers"),
            number(r"(\d+) bytes smem"),
            number(r"(\d+) bytes stack"),
            number(r"(\d+) bytes spill stores"),
            instructions[name],
        )
        table[name] = dict(zip(NAMES, values))
    return table


def main() -> None:
    ptxas, chip, *files = sys.argv[1:]
    ours = resources(ptxas, chip, Path(files[0]))
    rows = sorted(ours.items())
    if len(files) == 2:
        by_hand = resources(ptxas, chip, Path(files[1]))
        rows = []
        for name, yardstick in PAIRS.items():
            rows.append((f"{yardstick}, MLIR", ours[name]))
            rows.append((f"{yardstick}, by hand", by_hand[yardstick]))
    print(f"{chip:26s}" + "".join(f"{name:>{len(name) + 3}s}" for name in NAMES))
    for name, values in rows:
        print(f"{name:26s}" + "".join(f"{values[column]:{len(column) + 3}d}" for column in NAMES))


if __name__ == "__main__":
    main()
