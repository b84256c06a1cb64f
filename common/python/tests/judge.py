# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2 in NumPy and double precision: what the module is judged by. Shares no
code with the book: Radford et al. 2019, and the public checkpoint's names."""

import json
import struct

import numpy as np


def read_safetensors(path):
    """The tensors of a file by name, as float64."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, about in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in about["data_offsets"])
        if about["dtype"] == "BF16":  # the upper half of a float32
            values = np.frombuffer(data[begin:end], "<u2").astype("<u4") << 16
            values = values.view("<f4")
        else:
            values = np.frombuffer(data[begin:end], {"F32": "<f4", "F16": "<f2"}[about["dtype"]])
        tensors[name.removeprefix("transformer.")] = values.reshape(about["shape"]).astype(float)
    return tensors


def write_model(folder, seed=0, n_layer=2, n_head=2, n_embd=16, n_positions=32, vocab_size=300):
    """A model of random numbers, in float32; returns `folder`."""
    folder.mkdir(exist_ok=True)
    config = dict(
        model_type="gpt2",
        n_layer=n_layer,
        n_head=n_head,
        n_embd=n_embd,
        n_positions=n_positions,
        vocab_size=vocab_size,
        eos_token_id=vocab_size - 1,
    )
    (folder / "config.json").write_text(json.dumps(config))
    c, shapes = n_embd, {"wte.weight": (vocab_size, n_embd), "wpe.weight": (n_positions, n_embd)}
    for layer in range(n_layer):
        for name, shape in {
            "ln_1.weight": (c,),
            "ln_1.bias": (c,),
            "ln_2.weight": (c,),
            "ln_2.bias": (c,),
            "attn.c_attn.weight": (c, 3 * c),
            "attn.c_attn.bias": (3 * c,),
            "attn.c_proj.weight": (c, c),
            "attn.c_proj.bias": (c,),
            "mlp.c_fc.weight": (c, 4 * c),
            "mlp.c_fc.bias": (4 * c,),
            "mlp.c_proj.weight": (4 * c, c),
            "mlp.c_proj.bias": (c,),
        }.items():
            shapes[f"h.{layer}.{name}"] = shape
    shapes |= {"ln_f.weight": (c,), "ln_f.bias": (c,)}
    rng, header, body = np.random.default_rng(seed), {}, b""
    for name, shape in shapes.items():
        values = rng.normal(1.0 if ".ln_" in name and "weight" in name else 0.0, 0.3, shape)
        part = values.astype("<f4").tobytes()
        header[name] = dict(
            dtype="F32", shape=shape, data_offsets=(len(body), len(body) + len(part))
        )
        body += part
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    return folder


def layernorm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def logits(folder, ids):
    """float64 (T, V): the logits that follow each of `ids`."""
    config = json.loads((folder / "config.json").read_text())
    w, heads = read_safetensors(folder / "model.safetensors"), config["n_head"]
    t = len(ids)
    x = w["wte.weight"][ids] + w["wpe.weight"][:t]
    future = np.triu(np.full((t, t), -np.inf), 1)
    for layer in range(config["n_layer"]):

        def linear(x, name):
            return x @ w[f"h.{layer}.{name}.weight"] + w[f"h.{layer}.{name}.bias"]

        def norm(x, name):
            return layernorm(x, w[f"h.{layer}.{name}.weight"], w[f"h.{layer}.{name}.bias"])

        qkv = linear(norm(x, "ln_1"), "attn.c_attn").reshape(t, 3, heads, -1).transpose(1, 2, 0, 3)
        q, k, v = qkv  # (heads, T, D) each
        seen = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]) + future) @ v
        x = x + linear(seen.transpose(1, 0, 2).reshape(t, -1), "attn.c_proj")
        x = x + linear(gelu(linear(norm(x, "ln_2"), "mlp.c_fc")), "mlp.c_proj")
    return layernorm(x, w["ln_f.weight"], w["ln_f.bias"]) @ w["wte.weight"].T


def assert_close(actual, expected, tolerance=1e-4):
    """Both as large as `expected`'s largest; a NaN is not close."""
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected).max() / np.abs(expected).max()
    assert worst <= tolerance, f"off by {worst:.2g} of the largest"
