# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2 in PyTorch, timed: eager, compiled, and as a CUDA graph, in bf16.

usage: pytorch_gpt2.py --sizes LAYERS,HEADS,CHANNELS,CONTEXT,VOCABULARY OUT.json

It keeps keys and values, as the book's chapters do from the fifth on. Weights
are random: time does not depend on them. After each measurement OUT.json is
written anew, so that what was measured is there even if the time is over.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Of T new tokens, at positions (T), over what is kept of the first `limit`."""

    def __init__(self, heads: int, channels: int, context: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        kept = torch.zeros(1, heads, context, channels // heads)
        self.register_buffer("keys", kept)
        self.register_buffer("values", kept.clone())

    def forward(self, x: Tensor, positions: Tensor, limit: int) -> Tensor:
        T, C = x.shape
        q, k, v = self.qkv(x).view(1, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        self.keys.index_copy_(2, positions, k)
        self.values.index_copy_(2, positions, v)
        if T > 1:  # a prompt, from the start
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            seen = torch.arange(limit, device=x.device) <= positions[:, None]
            y = F.scaled_dot_product_attention(
                q, self.keys[:, :, :limit], self.values[:, :, :limit], attn_mask=seen
            )
        return self.out(y.transpose(1, 2).reshape(T, C))


class Block(nn.Module):
    def __init__(self, heads: int, channels: int, context: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(channels)
        self.attention = Attention(heads, channels, context)
        self.ln_2 = nn.LayerNorm(channels)
        self.fc = nn.Linear(channels, 4 * channels)
        self.proj = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor, positions: Tensor, limit: int) -> Tensor:
        x = x + self.attention(self.ln_1(x), positions, limit)
        return x + self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self, layers: int, heads: int, channels: int, context: int, vocabulary: int):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, channels)
        self.wpe = nn.Embedding(context, channels)
        self.h = nn.ModuleList(Block(heads, channels, context) for _ in range(layers))
        self.ln_f = nn.LayerNorm(channels)

    def forward(self, ids: Tensor, positions: Tensor, limit: int) -> Tensor:
        """ids (T), positions (T) -> the most likely token behind the last, (1)."""
        x = self.wte(ids) + self.wpe(positions)
        for block in self.h:
            x = block(x, positions, limit)
        return (self.ln_f(x[-1:]) @ self.wte.weight.t()).argmax(-1)


class Session:
    """A model with what it has computed on, and how it is called."""

    def __init__(self, sizes: list, device: str, new_tokens: int):
        self.device = device
        self.new_tokens = new_tokens
        self.vocabulary = sizes[4]
        torch.manual_seed(0)
        self.model = GPT2(*sizes).to(device=device, dtype=torch.bfloat16).eval()
        self.token = torch.zeros(1, dtype=torch.long, device=device)
        self.position = torch.zeros(1, dtype=torch.long, device=device)

    def step(self, call, limit: int) -> None:
        """A token further: what it needs and makes is always in the same place."""
        self.token.copy_(call(self.token, self.position, limit))
        self.position.add_(1)

    def graphed(self, call, limit: int):
        """The step as a recorded graph."""
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step(call, limit)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(call, limit)
        return graph.replay

    def tokens(self, step, context: int) -> dict:
        """Milliseconds of each token behind `context`, which the host waits for."""
        self.position.fill_(context)
        for _ in range(3):
            step()
        self.position.fill_(context)
        times = []
        for _ in range(self.new_tokens):
            start = time.perf_counter()
            step()
            self.token.item()
            times.append((time.perf_counter() - start) * 1e3)
        return summary(times)

    def prompts(self, call, count: int) -> dict:
        ids = torch.arange(count, device=self.device) * 7919 % self.vocabulary
        positions = torch.arange(count, device=self.device)
        for _ in range(2):
            call(ids, positions, count).item()
        times = []
        for _ in range(5):
            start = time.perf_counter()
            call(ids, positions, count).item()
            times.append((time.perf_counter() - start) * 1e3)
        return summary(times)


def summary(times: list) -> dict:
    return {
        "median": statistics.median(times),
        "least": min(times),
        "most": max(times),
        "count": len(times),
    }


def product_rate(device: str, size: int) -> float:
    """TFLOP/s of a product of bf16 matrices, size x size, by the vendor's library."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    b = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best * 1e-12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--contexts", default="64,960")
    parser.add_argument("--prompts", default="64,1024")
    parser.add_argument("--new-tokens", type=int, default=40)
    parser.add_argument("--product", type=int, default=8192, help="rows of a square product")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",")]
    contexts = [int(n) for n in args.contexts.split(",")]
    prompts = [int(n) for n in args.prompts.split(",")]
    measured = {"torch": torch.__version__, "device": args.device, "failed": {}}

    def note(key: str, measure) -> None:
        try:
            measured[key] = measure()
        except Exception as error:  # a missing compiler, memory: told, and the rest goes on
            measured[key] = None
            measured["failed"][key] = (str(error).strip() or type(error).__name__).splitlines()[0]
        args.out.write_text(json.dumps(measured, indent=1))

    with torch.inference_mode():
        note("bf16_product_tflops", lambda: product_rate(args.device, args.product))
        session = Session(sizes, args.device, args.new_tokens)
        eager = session.model
        # 128 keys behind a context of 64, all of them behind a long one.
        limits = {context: min(sizes[3], 2 * context) for context in contexts}
        for context in contexts:
            limit = limits[context]
            step = lambda: session.step(eager, limit)
            note(f"eager token behind {context}", lambda: session.tokens(step, context))
        for count in prompts:
            note(f"eager prompt of {count}", lambda: session.prompts(eager, count))
        if args.device == "cuda":
            for context in contexts:
                note(
                    f"graphed token behind {context}",
                    lambda: session.tokens(session.graphed(eager, limits[context]), context),
                )
        compiled = torch.compile(session.model, dynamic=False)
        for context in contexts:
            limit = limits[context]
            step = lambda: session.step(compiled, limit)
            note(f"compiled token behind {context}", lambda: session.tokens(step, context))
            if args.device == "cuda":
                note(
                    f"compiled and graphed token behind {context}",
                    lambda: session.tokens(session.graphed(compiled, limits[context]), context),
                )
        for count in prompts:
            note(f"compiled prompt of {count}", lambda: session.prompts(compiled, count))


if __name__ == "__main__":
    main()
