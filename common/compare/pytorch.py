# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2 in PyTorch with the command line of a chapter's program: a yardstick.

It computes the whole sequence for each token, as chapters without a cache do.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy
import torch

COMMON = Path(__file__).parents[1]
sys.path[:0] = [str(COMMON), str(COMMON / "models")]
from fetch import places  # noqa: E402
from gpt2 import GPT2, Config  # noqa: E402

SMALL = Config(n_layer=12, n_head=12, n_embd=768, n_ctx=1024, vocab_size=50257)


def load(model: str) -> GPT2:
    """The model, as f32. random-124m has random weights, though not those of the
    chapters' programs."""
    if model == "random-124m":
        torch.manual_seed(0)
        return GPT2(SMALL).eval()
    folder = Path(model)
    if not folder.exists():
        folder = places.find(model) or folder
    if not (folder / "model.safetensors").exists():
        sys.exit(f"error: {model}: PyTorch reads directories with model.safetensors only")
    try:
        from safetensors.torch import load_file
    except ImportError:
        sys.exit("error: this Python has torch, and not safetensors; install it beside torch")
    net = GPT2(Config.from_json(json.loads((folder / "config.json").read_text())))
    weights = {
        name.removeprefix("transformer."): tensor.float()
        for name, tensor in load_file(folder / "model.safetensors").items()
        if not name.endswith((".attn.bias", ".attn.masked_bias", "lm_head.weight"))
    }
    net.load_state_dict(weights)
    return net.eval()


def last_logits(net: GPT2, ids: torch.Tensor) -> torch.Tensor:
    """ids (T) -> logits (V) behind the last."""
    x = net.wte(ids[None]) + net.wpe.weight[: len(ids)]
    for block in net.h:
        x = block(x)
    return net.ln_f(x[0, -1]) @ net.wte.weight.t()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--devices", action="store_true", help="print where it can run, and stop")
    parser.add_argument("--model", default="random-124m")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--token-ids", type=Path)
    parser.add_argument("--max-new-tokens", type=int, default=20)
    parser.add_argument("--dump-logits", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--warm-up", action="store_true")
    # Always so:
    parser.add_argument("--greedy", action="store_true")
    parser.add_argument("--ignore-end", action="store_true")
    args = parser.parse_args()

    if args.devices:  # PyTorch calls AMD's cuda as well
        print(json.dumps(["cpu"] + ["cuda"] * torch.cuda.is_available()))
        return
    torch.set_num_threads(args.threads)
    start = time.perf_counter()
    net = load(args.model).to(args.device)
    load_seconds = time.perf_counter() - start
    ids = torch.tensor([int(line) for line in args.token_ids.read_text().split()])
    ids = ids.to(args.device)
    with torch.inference_mode():
        if args.dump_logits:
            if args.model != "random-124m":
                numpy.save(args.dump_logits, last_logits(net, ids).cpu().numpy()[None])
            return
        if args.warm_up:
            last_logits(net, ids).argmax().item()
        steps = []
        for _ in range(args.max_new_tokens):
            start = time.perf_counter()
            token = last_logits(net, ids).argmax()
            token.item()  # waits for a GPU
            steps.append(time.perf_counter() - start)
            ids = torch.cat([ids, token[None]])
    if args.report:
        args.report.write_text(json.dumps({"load": load_seconds, "steps": steps}))


if __name__ == "__main__":
    main()
