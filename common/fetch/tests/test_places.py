# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table, against what is known otherwise; and where models are looked for."""

import contextlib
import hashlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fetch import __main__ as program
from fetch import places, progress

# layers, channels, heads, and what config.json has beside all others'
SIZES = {
    "gpt2": (12, 768, 12, {}),
    "gpt2-medium": (24, 1024, 16, {"n_special": 0, "predict_special_tokens": True}),
    "gpt2-large": (36, 1280, 20, {}),
    "gpt2-xl": (48, 1600, 25, {"output_past": True}),
    "distilgpt2": (
        6,
        768,
        12,
        {"_num_labels": 1, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}},
    ),
}
VOCAB, CONTEXT = 50257, 1024


def config(name: str) -> str:
    """The model's config.json, from its sizes."""
    layers, channels, heads, others = SIZES[name]
    sizes = {"n_layer": layers, "n_embd": channels, "n_head": heads, "vocab_size": VOCAB}
    sizes |= {"n_ctx": CONTEXT, "n_positions": CONTEXT, "model_type": "gpt2"}
    sizes |= {"architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new"}
    sizes |= {"bos_token_id": VOCAB - 1, "eos_token_id": VOCAB - 1}
    sizes |= dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), 0.1)
    sizes |= {"initializer_range": 0.02, "layer_norm_epsilon": 1e-5}
    sizes |= {"summary_activation": None, "summary_first_dropout": 0.1}
    sizes |= {"summary_proj_to_labels": True, "summary_type": "cls_index"}
    sizes |= {"summary_use_proj": True}
    sizes |= {"task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}}
    return json.dumps(sizes | others, indent=2, sort_keys=True)


def weight_bytes(name: str) -> int:
    """F32, with each layer's causal mask, as these files have them."""
    layers, channels, _, _ = SIZES[name]
    layer = 12 * channels**2 + 13 * channels + CONTEXT**2
    return 4 * (layers * layer + (VOCAB + CONTEXT + 2) * channels)


class Table(unittest.TestCase):
    def files(self, name: str) -> dict[str, places.File]:
        return {file.name: file for file in places.models()[name].files}

    def test_names(self):
        self.assertEqual(list(places.models()), list(SIZES))
        for model in places.models().values():
            self.assertEqual(model.repository.split("/")[1], model.name)
            self.assertRegex(model.revision, "^[0-9a-f]{40}$")
            self.assertEqual(list(self.files(model.name))[-1], "model.safetensors")

    def test_readme_has_the_same(self):
        readme = (places.TABLE.parents[3] / "README.md").read_text()
        for model in places.models().values():
            total = progress.size(sum(file.bytes or 0 for file in model.files))
            row = f"| `{model.name}` | {total} | `{model.repository}` | `{model.revision}` |"
            self.assertIn(row, readme)

    def test_known_checksums(self):
        unknown = [
            (model.name, file.name)
            for model in places.models().values()
            for file in model.files
            if not (file.bytes and len(bytes.fromhex(file.sha256 or "")) == 32)
        ]
        self.assertEqual(unknown, [("gpt2-large", "generation_config.json")])

    def test_configs(self):
        for name in SIZES:
            text = config(name).encode()
            file = self.files(name)["config.json"]
            self.assertEqual(file.bytes, len(text))
            self.assertEqual(file.sha256, hashlib.sha256(text).hexdigest())

    def test_weights_have_the_size_of_the_model(self):
        for name in SIZES:
            header = self.files(name)["model.safetensors"].bytes - weight_bytes(name)
            # A tensor's entry in the header, with its name, takes some 90 bytes.
            self.assertLess(abs(header / (SIZES[name][0] * 13 + 4) - 92), 14)

    def test_tokenizer_is_the_published_one(self):
        for name in SIZES:
            self.assertEqual(self.files(name)["vocab.json"], self.files("gpt2")["vocab.json"])
            self.assertEqual(self.files(name)["merges.txt"], self.files("gpt2")["merges.txt"])
        data = os.environ.get("GPT2_TEST_DATA")
        if not data:
            self.skipTest("set GPT2_TEST_DATA to a folder with GPT-2's tokenizer")
        for name, published in {"vocab.json": "encoder.json", "merges.txt": "vocab.bpe"}.items():
            content = (Path(data) / "gpt2_tokenizer" / published).read_bytes()
            file = self.files("gpt2")[name]
            self.assertEqual(file.bytes, len(content))
            self.assertEqual(file.sha256, hashlib.sha256(content).hexdigest())


class Looking(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        home = mock.patch.dict(os.environ, {"HOME": str(self.root)}, clear=True)
        home.start()
        self.addCleanup(home.stop)
        self.model = places.models()["distilgpt2"]

    def put(self, folder: str, *names: str) -> Path:
        path = self.root / folder
        path.mkdir(parents=True, exist_ok=True)
        for name in names or ("config.json", "model.safetensors", "tokenizer.json"):
            (path / name).write_text("")
        return path

    def found(self) -> Path | None:
        return places.find("distilgpt2")

    def test_order(self):
        self.assertIsNone(self.found())
        hub = ".cache/huggingface/hub/"
        old = self.put(hub + "models--distilgpt2/snapshots/old")
        self.assertEqual(self.found(), old)
        new = self.put(hub + "models--distilbert--distilgpt2/snapshots/b")
        other = self.put(hub + "models--distilbert--distilgpt2/snapshots/a")
        self.assertEqual(self.found(), other)
        refs = self.put(hub + "models--distilbert--distilgpt2/refs", "main")
        (refs / "main").write_text("b")
        self.assertEqual(self.found(), new)
        pinned = self.put(
            hub + "models--distilbert--distilgpt2/snapshots/" + self.model.revision
        )
        self.assertEqual(self.found(), pinned)
        own = self.put(".cache/lowering-gpt2/models/distilgpt2", "config.json")
        self.assertEqual(self.found(), pinned)  # the download is not finished
        self.put(".cache/lowering-gpt2/models/distilgpt2", "model.safetensors", "vocab.json")
        self.assertEqual(self.found(), pinned)
        self.put(".cache/lowering-gpt2/models/distilgpt2", "merges.txt")
        self.assertEqual(self.found(), own)
        self.assertIsNone(places.find("nanogpt"))

    def test_variables(self):
        snapshot = "models--distilbert--distilgpt2/snapshots/x"
        for variable, folder in {
            "XDG_CACHE_HOME": "xdg/huggingface/hub/",
            "HF_HOME": "home/hub/",
            "HUGGINGFACE_HUB_CACHE": "old/",
            "HF_HUB_CACHE": "hub/",
        }.items():
            expected = self.put(folder + snapshot)
            os.environ[variable] = str(self.root / folder.split("/")[0])
            self.assertEqual(self.found(), expected)
        os.environ.clear()
        self.assertIsNone(self.found())

    def test_fetch_leaves_to_the_hub_what_it_has(self):
        folder = self.put(
            ".cache/huggingface/hub/models--distilgpt2/snapshots/" + self.model.revision,
            *(file.name for file in self.model.files),
        )
        self.assertIsNone(program.in_hub_cache(self.model))  # of other sizes
        for file in self.model.files:
            os.truncate(folder / file.name, file.bytes)
        self.assertEqual(program.in_hub_cache(self.model), folder)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(program.run(["distilgpt2"]), 0)
        self.assertIn(f"in the hub's cache already, {folder}", err.getvalue())
        self.assertEqual(out.getvalue(), "./tutorial run --model distilgpt2\n")
        self.assertFalse((self.root / ".cache/lowering-gpt2").exists())


if __name__ == "__main__":
    unittest.main()
