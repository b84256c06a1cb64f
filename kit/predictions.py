# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What was predicted for an H100 before anything had run on one, beside what is.

The predictions are of weights in bf16 at GPT-2 small's sizes. They come from
reading PTX and SASS and from counting latencies (L2 0.15 us, DRAM 0.4 us, a
graph's node 1.3 us), and are of the program *without* `fold-vector-accesses`.
"""

from __future__ import annotations

# (what, unit, least, most): `what` as measured() names it.
PREDICTIONS = [
    ("L2 latency", "ns", 150, 150),
    ("DRAM latency", "ns", 400, 400),
    ("graph node", "us", 1.3, 1.3),
    ("read rate", "GB/s", 3000, 3350),
    ("layernorm", "us", 8, 14),
    ("qkv, one token", "us", 6, 6),
    ("proj2, one token", "us", 17, 30),
    ("attention behind 64", "us", 7, 7),
    ("attention behind 1000", "us", 45, 65),
    ("logits, one token", "us", 29, 29),
    ("token behind 64, without the pass", "ms", 1.0, 1.0),
    ("token behind 1000, without the pass", "ms", 1.7, 1.7),
    ("prompt of 64, without the pass", "ms", 3, 3),
    ("prompt of 1000, without the pass", "ms", 4, 4),
    ("token behind 64, saved by the pass", "ms", 0.25, 0.35),
]

# Kernels of a single token, as name-kernels numbers them: the first product is
# qkv, the fourth the MLP's second.
KERNELS = {
    "layernorm": ("layernorm_4", 64),
    "qkv, one token": ("linear_in_bf16_decode", 64),
    "proj2, one token": ("linear_in_bf16_decode_3", 64),
    "attention behind 64": ("attention", 64),
    "attention behind 1000": ("attention", None),
    "logits, one token": ("logits_in_bf16_1", 64),
}


def measured(results: dict) -> dict:
    """The predicted quantities, as far as they were measured."""
    found: dict = {}
    marks = results.get("yardsticks") or {}
    for name, key in {
        "L2 latency": "l2_latency_ns",
        "DRAM latency": "dram_latency_ns",
        "graph node": "graph_node_us",
        "read rate": "read_gb_per_s",
    }.items():
        if key in marks:
            found[name] = marks[key]
    for row in results.get("profile") or []:
        if "bf16" not in row["library"] or row["new_tokens"] < 2:
            continue
        for name, (kernel, prompt) in KERNELS.items():
            is_long = row["prompt"] > 64
            if row["kernel"] == kernel and is_long == (prompt is None) and row["prompt"] >= 64:
                found.setdefault(name, row["us"])
    for key, ways in (results.get("mend") or {}).items():
        if not key.startswith("behind "):
            continue
        prompt = int(key.split()[1])
        if prompt < 64:  # the emulator's
            continue
        name = "64" if prompt == 64 else "1000"
        found[f"token behind {name}, without the pass"] = ways["without"]["token"]
        found[f"prompt of {name}, without the pass"] = ways["without"]["first"]
        if prompt == 64:
            found["token behind 64, saved by the pass"] = (
                ways["without"]["token"] - ways["with"]["token"]
            )
    return found


def beside(results: dict) -> list[dict]:
    """Each prediction with what was measured; the ratio is to the nearer end of
    what was predicted, 1 within it."""
    values = measured(results)
    rows = []
    for what, unit, least, most in PREDICTIONS:
        value = values.get(what)
        ratio = None
        if value is not None:
            ratio = 1.0 if least <= value <= most else value / (least if value < least else most)
        rows.append(
            {
                "what": what,
                "unit": unit,
                "predicted": [least, most],
                "measured": value,
                "ratio": ratio,
            }
        )
    return rows
