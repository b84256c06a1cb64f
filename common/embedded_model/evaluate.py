# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures a model on a text it was not trained on, and draws its loss curve.

usage: evaluate.py VALIDATION.txt MODEL_DIR

Writes MODEL_DIR/evaluation.json, MODEL_DIR/loss.svg (from loss.csv) and the
table in MODEL_DIR/README.md.
The loss is the mean of -ln p(token) over all tokens of the text, in two ways
that are both in use:
  windows   the text is cut into windows of n_ctx tokens; the first tokens of a
            window are predicted from little
  sliding   windows overlap by three quarters, and only the last quarter of each
            counts: every token has at least 3/4 n_ctx tokens before it
"""

import csv
import hashlib
import json
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import tokenizer
from gpt2 import GPT2, Config
from train import encode, windows


@torch.no_grad()
def losses(model: GPT2, ids: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """The loss at each position of each window: (windows, n_ctx)."""
    parts = []
    for chunk in starts.split(16):
        x, y = windows(ids, chunk, model.config.n_ctx)
        logits = model(x).transpose(1, 2)
        parts.append(F.cross_entropy(logits, y, reduction="none"))
    return torch.cat(parts)


def evaluate(model: GPT2, ids: torch.Tensor) -> dict:
    T = model.config.n_ctx
    last = len(ids) - T - 1
    separate = losses(model, ids, torch.arange(0, last, T))
    overlapping = losses(model, ids, torch.arange(0, last, T // 4))
    return {
        "tokens": separate.numel(),
        "loss_windows": round(separate.mean().item(), 4),
        "loss_sliding": round(overlapping[:, -(T // 4) :].mean().item(), 4),
    }


CARD_ROWS = {
    "parameters": "parameters",
    "tokens": "tokens of validation text",
    "loss_windows": "validation loss, windows",
    "loss_sliding": "validation loss, sliding",
    "perplexity_sliding": "perplexity, sliding",
}


def update_card(card: Path, config: Config, result: dict) -> None:
    """Writes the table between the two comments in README.md."""
    rows = [
        "| | |",
        "|---|---|",
        f"| sizes | {config.n_layer} layers, {config.n_head} heads, {config.n_embd} "
        f"channels, context {config.n_ctx}, vocabulary {config.vocab_size} |",
        *(f"| {label} | {result[key]} |" for key, label in CARD_ROWS.items()),
    ]
    text = card.read_text()
    begin = text.index("-->", text.index("<!-- evaluation")) + len("-->")
    end = text.index("<!-- end of evaluation")
    card.write_text(text[:begin] + "\n\n" + "\n".join(rows) + "\n\n" + text[end:])


def plot(model_dir: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "gpt2"  # the same file each time
    from matplotlib import pyplot

    rows = list(csv.DictReader(open(model_dir / "loss.csv")))
    tokens = [int(row["tokens"]) / 1e6 for row in rows]
    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    for name, label in (("train", "training (average)"), ("val", "validation")):
        points = [(t, float(row[name])) for t, row in zip(tokens, rows)]
        axes.plot(*zip(*[p for p in points if 0 < p[1] < 5.5]), label=label)
    axes.set_xlabel("million tokens seen")
    axes.set_ylabel("loss, nats per token")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(model_dir / "loss.svg", metadata={"Date": None})


def main() -> None:
    text, model_dir = map(Path, sys.argv[1:3])
    config = Config.from_json(json.loads((model_dir / "config.json").read_text()))
    weights = model_dir / "model.safetensors"
    model = GPT2(config).eval()
    model.load_state_dict({k: v.float() for k, v in load_file(weights).items()})
    result = {
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "text": text.name,
        "parameters": sum(p.numel() for p in model.parameters()),
        **evaluate(model, encode(text, tokenizer.load(model_dir))),
    }
    result["perplexity_sliding"] = round(math.exp(result["loss_sliding"]), 1)
    (model_dir / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    update_card(model_dir / "README.md", config, result)
    plot(model_dir)


if __name__ == "__main__":
    main()
