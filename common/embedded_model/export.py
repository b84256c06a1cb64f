# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns a checkpoint of train.py into the files that ship.

usage: export.py CHECKPOINT_DIR OUT_DIR

Writes OUT_DIR/model.safetensors (bf16) and copies config.json, encoder.json,
vocab.bpe and loss.csv beside it.
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file


def main() -> None:
    source, out = map(Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    state = torch.load(source / "checkpoint.pt", map_location="cpu")["model"]
    save_file(
        {name: value.bfloat16().contiguous() for name, value in state.items()},
        out / "model.safetensors",
        metadata={"format": "pt"},
    )
    (out / "model.safetensors").chmod(0o644)
    for name in ("config.json", "encoder.json", "vocab.bpe", "loss.csv"):
        shutil.copy(source / name, out / name)
    total = sum(file.stat().st_size for file in out.iterdir())
    print(f"{out}: {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
