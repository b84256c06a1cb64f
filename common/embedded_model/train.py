# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the embedded model: GPT-2's architecture, small, on fairy tales.

usage: train.py CORPUS_DIR OUT_DIR [--minutes 300] [--resume]

CORPUS_DIR holds fairy_train.txt and fairy_val.txt (stories separated by
<|endoftext|>); OUT_DIR holds the tokenizer that tokenizer.py made. The budget
is wall-clock time, so that a slow machine ends on time with a worse model and
a fast one with a better. Writes, each minute and at the end:
  OUT_DIR/config.json        the sizes
  OUT_DIR/checkpoint.pt      f32 weights and the optimisers' state
  OUT_DIR/loss.csv           step, seconds, tokens, training and validation loss
export.py turns the checkpoint into model.safetensors.
"""

import argparse
import csv
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import tokenizer
from gpt2 import GPT2, Config


def encode(corpus: Path, bpe) -> Tensor:
    """The file's token ids, with <|endoftext|> before, between and after stories."""
    stories = corpus.read_text(encoding="utf-8").split(tokenizer.END_OF_TEXT)
    end = bpe.token_to_id(tokenizer.END_OF_TEXT)
    ids = [end]
    for encoding in bpe.encode_batch(stories):
        ids += encoding.ids + [end]
    return torch.tensor(ids, dtype=torch.int64)


def windows(ids: Tensor, starts: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets (len(starts), length): targets are one token later."""
    rows = ids[starts[:, None] + torch.arange(length + 1)]
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def loss_of(model, x: Tensor, y: Tensor) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(x)
    return F.cross_entropy(logits.flatten(0, 1).float(), y.flatten())


@torch.no_grad()
def validation_loss(model, ids: Tensor, length: int, count: int | None = None) -> float:
    """Mean loss per token, in nats, over non-overlapping windows of the text
    (all of them, or `count` evenly spaced ones)."""
    model.eval()
    starts = torch.arange(0, len(ids) - length - 1, length)
    if count:
        starts = starts[torch.linspace(0, len(starts) - 1, count).long()]
    losses = [
        loss_of(model, *windows(ids, chunk, length)).item() * len(chunk)
        for chunk in starts.split(8)
    ]
    model.train()
    return sum(losses) / len(starts)


def optimizers(model: GPT2) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for embeddings, gains and biases."""
    matrices = [p for p in model.h.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    muon = torch.optim.Muon(
        matrices, lr=6e-3, weight_decay=0.15, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(
        [
            {"params": [model.wte.weight], "lr": 3e-3, "weight_decay": 0.1},
            {"params": [model.wpe.weight, *vectors], "lr": 2e-3, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    return [muon, adam]


def schedule(progress: float, step: int, fall: float = 0.6) -> float:
    """Learning-rate factor: warm up, hold, then fall to zero over the last part."""
    return min(1.0, (step + 1) / 100) * min(1.0, (1 - progress) / fall) + 0.002


def add_arguments(parser: argparse.ArgumentParser, minutes: float) -> None:
    """What fit() wants to know."""
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--batch", type=int, default=8, help="sequences a step")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--resume", action="store_true")


def fit(model: GPT2, batch_loss, texts: tuple[Tensor, Tensor], out: Path, args, factor) -> None:
    """Trains `model` until args.minutes are over, and writes what is said above.

    batch_loss(x, y) is the loss of inputs and targets (args.batch, n_ctx), texts
    are the training and the validation text, factor(progress, step) is the
    learning rate's.
    """
    train, val = texts
    length = model.config.n_ctx
    opts = optimizers(model)
    rates = [[group["lr"] for group in opt.param_groups] for opt in opts]
    step, before = 0, 0.0
    checkpoint = out / "checkpoint.pt"
    if args.resume:
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        for opt, saved in zip(opts, state["optimizers"]):
            opt.load_state_dict(saved)
        step, before = state["step"], state["seconds"]
        torch.manual_seed(torch.initial_seed() + step)  # not the same windows again
    story_starts = (train[: -length - 1] == train[0]).nonzero().flatten()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters} parameters, {len(train)} training tokens", flush=True)

    started, reported, average = time.time(), before, None
    with open(out / "loss.csv", "a" if args.resume else "w") as file:
        log = csv.writer(file)
        if not args.resume:
            log.writerow(["step", "seconds", "tokens", "train", "val"])
        while True:
            seconds = before + time.time() - started
            progress = seconds / (60 * args.minutes)
            done = progress >= 1
            if done or seconds - reported > 60:
                reported = seconds
                loss = validation_loss(model, val, length, None if done else 64)
                tokens = step * args.batch * length
                log.writerow([step, round(seconds), tokens, f"{average or 0:.4f}", f"{loss:.4f}"])
                file.flush()
                print(
                    f"step {step}, {seconds:.0f} s, {tokens / 1e6:.1f} M tokens, "
                    f"train {average or 0:.3f}, val {loss:.4f}",
                    flush=True,
                )
                torch.save(
                    {
                        "model": model.state_dict(),
                        "optimizers": [opt.state_dict() for opt in opts],
                        "step": step,
                        "seconds": seconds,
                    },
                    checkpoint,
                )
            if done:
                break
            for opt, base in zip(opts, rates):
                for group, rate in zip(opt.param_groups, base):
                    group["lr"] = rate * factor(progress, step)
            starts = torch.randint(len(train) - length - 1, (args.batch,))
            # One sequence in eight starts with a story, as a prompt does.
            k = args.batch // 8
            starts[:k] = story_starts[torch.randint(len(story_starts), (k,))]
            loss = batch_loss(*windows(train, starts, length))
            for opt in opts:
                opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for opt in opts:
                opt.step()
            value = loss.item()
            if not math.isfinite(value):
                raise SystemExit(f"step {step}: the loss is {value}")
            average = value if average is None else 0.99 * average + 0.01 * value
            step += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    add_arguments(parser, minutes=300)
    parser.add_argument("--seed", type=int, default=1337)
    for name, size in dict(n_layer=5, n_head=3, n_embd=192, n_ctx=512).items():
        parser.add_argument(f"--{name}", type=int, default=size)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    bpe = tokenizer.load(args.out_dir)
    train = encode(args.corpus_dir / "fairy_train.txt", bpe)
    val = encode(args.corpus_dir / "fairy_val.txt", bpe)
    config = Config(
        args.n_layer, args.n_head, args.n_embd, args.n_ctx, bpe.get_vocab_size()
    )
    (args.out_dir / "config.json").write_text(json.dumps(config.to_json(), indent=1))
    model = GPT2(config, args.dropout)
    # Compiled with the loss in it: the (tokens, V) softmax is a quarter of a step.
    training_loss = torch.compile(lambda x, y: loss_of(model, x, y))
    fit(model, training_loss, (train, val), args.out_dir, args, schedule)


if __name__ == "__main__":
    main()
