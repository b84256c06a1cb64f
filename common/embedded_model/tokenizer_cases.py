# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokenizers as people have them: small folders that differ in one thing each.

`cases(vocab, merges)` gives, by name, the JSON files of each folder; of
vocab.json, merges.txt and tokenizer.json's "model" only what is not the
vocabulary's own. `write(folder, files, ...)` writes them whole.
"""

import json
from pathlib import Path

END = "<|endoftext|>"
TEXT = """There was once a king who had three sons, and the youngest said: "I'll go,
for we've waited, and they'd not come." So he went into the forest, and there was
an old woman there who asked him for the bread that he had with him. """


def train() -> tuple[dict[str, int], list[list[str]]]:
    """A byte-level vocabulary with `END` last, and its merges."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
    return {**vocab, END: len(vocab)}, [list(merge) for merge in model["merges"]]


def added(content: str, number: int | None = None, **flags: bool) -> dict:
    """An added token as tokenizer.json has it, or, without id, its companions."""
    token = {} if number is None else {"id": number}
    token["content"] = content
    for flag in ("single_word", "lstrip", "rstrip", "normalized"):
        token[flag] = flags.get(flag, False)
    return {**token, "special": flags.get("special", True)}


def tokenizer_json(tokens: list[dict], prefix: bool = False, **changed) -> dict:
    """tokenizer.json without vocabulary and merges."""
    byte_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    byte_level["add_prefix_space"] = prefix
    model = {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False}
    model |= {"continuing_subword_prefix": None, "end_of_word_suffix": None}
    model |= {"byte_fallback": False, "ignore_merges": False}
    file = {"version": "1.0", "truncation": None, "padding": None}
    file |= {"added_tokens": tokens, "normalizer": None}
    file |= {"pre_tokenizer": byte_level, "post_processor": byte_level}
    return {**file, "decoder": byte_level, "model": model, **changed}


def unassigned() -> set[int]:
    """The code points that are nothing yet in the Unicode of `tokenizers`."""
    from tokenizers import Regex, pre_tokenizers

    without = pre_tokenizers.Split(Regex(r"\p{Cn}"), "removed").pre_tokenize_str
    code_points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return {c for c in code_points if not without(chr(c))}


def template(before: dict[str, int], after: dict[str, int]) -> dict:
    """A post-processor that puts tokens around a text."""

    def special(name: str) -> dict:
        return {"SpecialToken": {"id": name, "type_id": 0}}

    text = {"Sequence": {"id": "A", "type_id": 0}}
    other = {"Sequence": {"id": "B", "type_id": 1}}
    tokens = {
        name: {"id": name, "ids": [number], "tokens": [name]}
        for name, number in {**before, **after}.items()
    }
    single = [*map(special, before), text, *map(special, after)]
    file = {"type": "TemplateProcessing", "single": single, "pair": [text, other]}
    return {**file, "special_tokens": tokens}


def cases(end: int) -> dict[str, dict[str, dict]]:
    """Files by name of the tokenizer; `end` is the id of `END`."""
    own = {"vocab.json": {}, "merges.txt": {}}
    end_only = [added(END, end)]
    backend = {"tokenizer_class": "TokenizersBackend"}
    three = [added(END, end), added("<s>", end + 1), added("</s>", end + 2)]
    flags = [
        added(END, end),
        added("<l>", end + 1, lstrip=True),
        added("<r>", end + 2, rstrip=True),
        added("<b>", end + 3, lstrip=True, rstrip=True, special=False),
        added("word", end + 4, single_word=True, special=False),
        added("<l><r>", end + 5, normalized=True),
        added(" <r", end + 6, special=False, normalized=True),
        added("<r>x", end + 7, special=False),
        added("\u00e9t\u00e9", end + 8, special=False, normalized=True),
    ]
    split = tokenizer_json(end_only)["pre_tokenizer"] | {"use_regex": False}
    prefixed = tokenizer_json(end_only, prefix=True)["pre_tokenizer"]

    def decoder(*tokens: dict) -> dict:
        return {
            "added_tokens_decoder": {
                str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokens
            }
        }

    result = {
        "vocabulary and merges": own,
        "prefix and begin": {
            **own,
            "tokenizer_config.json": {"add_prefix_space": True, "add_bos_token": True},
        },
        "begin and end": {
            **own,
            "tokenizer_config.json": {
                "add_bos_token": True,
                "add_eos_token": True,
                "eos_token": {"__type": "AddedToken", **added("</s>")},
            },
        },
        "no tokens at all": {
            **own,
            "tokenizer_config.json": dict.fromkeys(
                ("bos_token", "eos_token", "unk_token")
            ),
        },
        "appended in order": {
            **own,
            "tokenizer_config.json": {
                "zz_token": "<zz>",
                "image_token": "<img>",
                "pad_token": "<pad>",
                "additional_special_tokens": ["<u>", "<pad>"],
            },
        },
        "named in a dictionary": {
            **own,
            "tokenizer_config.json": {
                "b_token": "<c>",
                "a_token": {"__type": "AddedToken", **added("<m>", rstrip=True)},
                "extra_special_tokens": {"z": "<zz>", "a": "<img>", "b": "<u>"},
            },
        },
        "map over config": {
            **own,
            "tokenizer_config.json": {"bos_token": "<c>"},
            "special_tokens_map.json": {
                "bos_token": "<m>",
                "pad_token": {"content": "<p>", "lstrip": True, "normalized": True},
            },
            "added_tokens.json": {"<m>": end + 1, "<p>": end + 2, "plain": end + 3},
        },
        "config over map": {
            **own,
            "tokenizer_config.json": {
                "bos_token": "<c>",
                **decoder(added("<c>", end + 1, special=False)),
            },
            "special_tokens_map.json": {"bos_token": "<m>"},
            "added_tokens.json": {"<m>": end + 2},
        },
        "special tokens are text": {
            **own,
            "tokenizer_config.json": {
                "split_special_tokens": True,
                "bos_token": "<c>",
                "added_tokens_decoder": {str(end + 1): {"content": "<c>"}},
            },
        },
        "tokenizer.json alone": {"tokenizer.json": tokenizer_json(three)},
        "tokenizer.json, named in the map": {
            "tokenizer.json": tokenizer_json(three),
            "special_tokens_map.json": {"bos_token": "<s>", "eos_token": "</s>"},
        },
        "tokenizer.json before vocab.json": {
            "vocab.json": {"reversed": True},
            "merges.txt": {},
            "tokenizer.json": tokenizer_json(end_only),
        },
        "prefix of the config": {
            "tokenizer.json": tokenizer_json(end_only),
            "tokenizer_config.json": {
                "tokenizer_class": "GPT2TokenizerFast",
                "add_prefix_space": True,
            },
        },
        "prefix of the file ignored": {
            "tokenizer.json": tokenizer_json(
                end_only, prefix=True, truncation=None, pre_tokenizer=split
            ),
            "tokenizer_config.json": {"add_bos_token": True},
        },
        "prefix of the file": {
            "tokenizer.json": tokenizer_json(end_only, prefix=True),
            "tokenizer_config.json": {**backend, "add_prefix_space": False},
        },
        "parts are words": {
            "tokenizer.json": tokenizer_json(
                end_only, pre_tokenizer=split | {"add_prefix_space": True}
            ),
            "tokenizer_config.json": {**backend, "bos_token": END},
        },
        "words that are tokens": {
            "tokenizer.json": tokenizer_json(
                end_only,
                model={"type": "BPE", "ignore_merges": True, "added": ["\u0120woods"]},
            ),
            "tokenizer_config.json": backend,
        },
        "sequences": {
            "tokenizer.json": tokenizer_json(
                end_only,
                normalizer={"type": "Sequence", "normalizers": []},
                pre_tokenizer={"type": "Sequence", "pretokenizers": [prefixed]},
                post_processor={
                    "type": "Sequence",
                    "processors": [prefixed, template({END: end}, {})],
                },
                decoder={"type": "Sequence", "decoders": [prefixed]},
            ),
            "tokenizer_config.json": backend,
        },
        "tokens around": {
            "tokenizer.json": tokenizer_json(
                three, post_processor=template({"<s>": end + 1}, {"</s>": end + 2})
            ),
            "tokenizer_config.json": {"bos_token": "<s>", "add_bos_token": False},
        },
        "flags": {"tokenizer.json": tokenizer_json(flags)},
        "flags of the config": {
            "tokenizer.json": tokenizer_json(three),
            "tokenizer_config.json": decoder(
                added(END, end, lstrip=True), added("<s>", end + 1, rstrip=True)
            ),
        },
        "flags of both": {
            "tokenizer.json": tokenizer_json(three),
            "tokenizer_config.json": {
                **backend,
                **decoder(added(END, end, lstrip=True)),
                "eos_token": "</s>",
            },
        },
    }
    return result


def write(folder: Path, files: dict, vocab: dict[str, int], merges: list) -> None:
    """Writes a case's files, with config.json, for transformers."""
    lines = "\n".join(" ".join(merge) for merge in merges)
    for name, content in {"config.json": {"model_type": "gpt2"}, **files}.items():
        if name == "merges.txt":
            (folder / name).write_text(f"#version: 0.2\n{lines}\n", encoding="utf-8")
            continue
        if name == "vocab.json":
            last = len(vocab) - 2 if content.get("reversed") else None
            content = vocab if last is None else {
                symbol: last - number if number <= last else number
                for symbol, number in vocab.items()
            }
        elif name == "tokenizer.json":
            model = dict(content["model"])
            symbols = [*vocab, *model.pop("added", [])]
            model["vocab"] = {symbol: i for i, symbol in enumerate(symbols)}
            model["merges"] = merges
            content = {**content, "model": model}
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
