# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what the tests judge the C++ programs by, from independent code.

usage: record.py          (from anywhere; writes into the repository)

  common/reference/fixtures/random-mini.json   logits of a random model
  common/reference/fixtures/fairy-tales.json   logits of the embedded model
  common/model/fixtures/tokenizer.json         texts and their ids

Logits are PyTorch's in double precision; ids are Hugging Face tokenizers'.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import tokenizer
from gpt2 import GPT2, Config

MODELS = Path(__file__).resolve().parent
COMMON = MODELS.parent

TEXTS = [
    "Hello world",
    "There was once a king who had three sons.",
    '"Dear mother," said the princess, "I\'ll go; we\'ve waited, haven\'t we?"',
    "It's 2024; they'd got 1,234.5 things_here, I'm sure you're right",
    "tabs\tand\n\nnewlines  \n  x",
    "   leading and trailing   ",
    "naïve café — «déjà vu»",
    "日本語 и русский",
    "😀🚀 emoji",
    "x\u00a0y\u3000z\u0085w\u2028v",
    "١٢٣ ½ Ⅷ ²",
    "a\u0301e\u0308 combining",
    "control \x00\x01\x1c\x1d\x7f end",
    "",
    "<|endoftext|>",
    "a<|endoftext|>b",
    "'S 'LL it'S",
    "\n",
    "  \n\n  ",
]


def splitmix64(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def fnv1a64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def random_tensor(name: str, shape: torch.Size, seed: int) -> torch.Tensor:
    """The formula of common/model/checkpoint/random.cpp."""
    mean = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
    if name.endswith("bias"):
        deviation = 0.10
    elif "ln_" in name:
        deviation = 0.20
    elif name == "wte.weight":
        deviation = 0.10
    elif name == "wpe.weight":
        deviation = 0.05
    else:
        deviation = 0.03 if "c_proj" in name else 0.05
    scale = float(np.float32(math.sqrt(3) * deviation))
    state = fnv1a64(name) ^ int(splitmix64(np.array([seed], np.uint64))[0])
    with np.errstate(over="ignore"):
        counter = np.uint64(state) + np.arange(shape.numel(), dtype=np.uint64)
    u = (splitmix64(counter) >> np.uint64(40)).astype(np.float64) * 2.0**-24
    values = (mean + (2 * u - 1) * scale).astype(np.float32)
    return torch.from_numpy(values.reshape(shape)).double()


@torch.no_grad()
def record(model: GPT2, prompts: list[list[int]], stride: int) -> list[dict]:
    """The logits after each prompt, at every `stride`-th token, to 9 digits."""
    return [
        {
            "ids": ids,
            "stride": stride,
            "logits": [
                float(f"{x:.9g}")
                for x in model(torch.tensor([ids]))[0, -1, ::stride].tolist()
            ],
        }
        for ids in prompts
    ]


def write(path: Path, records: list[dict]) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = ",\n ".join(json.dumps(entry) for entry in records)
    path.write_text(f"[{lines}]\n", encoding="utf-8")
    print(path.relative_to(COMMON.parent))


def main() -> None:
    config = Config(n_layer=2, n_head=2, n_embd=128, n_ctx=64, vocab_size=257)
    model = GPT2(config).double().eval()
    for name, parameter in model.named_parameters():
        parameter.data = random_tensor(name, parameter.shape, seed=1234)
    prompts = [
        [256],
        [(i * 7919 + 13) % 257 for i in range(17)],
        [(i * 104729 + 5) % 257 for i in range(64)],
    ]
    fixtures = COMMON / "reference" / "fixtures"
    write(fixtures / "random-mini.json", record(model, prompts, 1))

    embedded = MODELS / "fairy-tales"
    bpe = tokenizer.load(embedded)
    config = Config.from_json(json.loads((embedded / "config.json").read_text()))
    model = GPT2(config).double().eval()
    model.load_state_dict(
        {k: v.double() for k, v in load_file(embedded / "model.safetensors").items()}
    )
    prompts = [bpe.encode(text).ids for text in TEXTS[1:3]]
    write(fixtures / "fairy-tales.json", record(model, prompts, 16))

    write(
        COMMON / "model" / "fixtures" / "tokenizer.json",
        [{"text": text, "ids": bpe.encode(text).ids} for text in TEXTS],
    )


if __name__ == "__main__":
    main()
