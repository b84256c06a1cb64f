# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a model on what several others predict together, and on the text.

usage: distill.py CORPUS_DIR OUT_DIR TEACHER_DIR TEACHER_DIR... [--minutes 170] [--resume]

Models that were trained differently err differently: the mean of their
probabilities predicts better than any of them. Here a student, which starts as
the last teacher, learns that mean (Hinton et al. 2015), with a share of the
text's own tokens. All have the same tokenizer.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import tokenizer
from gpt2 import GPT2, Config
from train import add_arguments, encode, fit, schedule


def load(folder: Path, dropout: float = 0.0) -> GPT2:
    config = Config.from_json(json.loads((folder / "config.json").read_text()))
    model = GPT2(config, dropout)
    model.load_state_dict(torch.load(folder / "checkpoint.pt")["model"])
    return model


def predictions(teacher: GPT2, x: Tensor) -> Tensor:
    """Probabilities (B, T, V) of `teacher`; if its context is half of T, from
    three overlapping windows, so that most tokens have a past."""
    T, n = x.shape[1], teacher.config.n_ctx
    if n >= T:
        return teacher(x).float().softmax(-1)
    q = n // 2
    parts = [teacher(x[:, start : start + n]) for start in range(0, T - n + 1, q)]
    kept = [parts[0], *(part[:, q:] for part in parts[1:])]
    return torch.cat(kept, 1).float().softmax(-1)


def loss_of(student, x: Tensor, y: Tensor, target: Tensor, share: float) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = student(x)
    log = F.log_softmax(logits.float(), -1)
    text = F.nll_loss(log.flatten(0, 1), y.flatten())
    return share * text - (1 - share) * (target * log).sum(-1).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("teachers", type=Path, nargs="+")
    add_arguments(parser, minutes=170)
    parser.add_argument("--text-share", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=0.5, help="of train.py's peak")
    args = parser.parse_args()

    torch.manual_seed(7)
    args.out_dir.mkdir(exist_ok=True)
    for name in ("encoder.json", "vocab.bpe", "config.json"):
        (args.out_dir / name).write_bytes((args.teachers[-1] / name).read_bytes())
    bpe = tokenizer.load(args.out_dir)
    train = encode(args.corpus_dir / "fairy_train.txt", bpe)
    val = encode(args.corpus_dir / "fairy_val.txt", bpe)
    teachers = [load(folder).eval() for folder in args.teachers]
    student = load(args.teachers[-1], args.dropout)

    @torch.no_grad()
    def targets(x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return sum(predictions(teacher, x) for teacher in teachers) / len(teachers)

    mean = torch.compile(targets)
    compiled = torch.compile(lambda x, y, t: loss_of(student, x, y, t, args.text_share))

    def factor(progress: float, step: int) -> float:
        return args.rate * schedule(progress, step, fall=0.67)

    fit(student, lambda x, y: compiled(x, y, mean(x)), (train, val), args.out_dir, args, factor)


if __name__ == "__main__":
    main()
