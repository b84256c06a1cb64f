# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what transformers makes of the tokenizers of tokenizer_cases.py.

usage: record_tokenizers.py          (from anywhere; writes into the repository)

  common/model/fixtures/tokenizers.json   files, texts, and their ids
  common/model/fixtures/words.json        words around single characters
"""

import json
import random
import tempfile
from pathlib import Path

from tokenizers import pre_tokenizers
from transformers import AutoTokenizer

import tokenizer_cases
from record import write

FIXTURES = Path(__file__).resolve().parents[1] / "model" / "fixtures"

TEXTS = [
    "There was a king<|endoftext|> they'll go\n\n  on",
    "",
    " <s>a</s> <s>\n",
    "x <l> <r>  y<l><r> <b> wordword word <r>x <r",
    "into the woods \u00e9t\u00e9 \u2153",
    "<zz><img><pad><u><c><m> <p>plain  <|endoftext|>",
]

# Letters, numbers and marks of Unicode 1 to 15, 15.1, 16 and 17, and none.
CHARACTERS = [0x41, 0xE9, 0x3B1, 0x5D0, 0x4E00, 0xAC00, 0x10400, 0x1D400]
CHARACTERS += [0x32, 0xB2, 0xBD, 0x660, 0x2160, 0x3007, 0x1F100, 0x300, 0x200D]
CHARACTERS += [0x11F04, 0x1E4D0, 0x31350, 0x11F50, 0x2EBF0, 0x2EE5D]
CHARACTERS += [0x1C89, 0xA7CB, 0x105C0, 0x10D4A, 0x10D40, 0x16D70, 0x1E5D0]
CHARACTERS += [0x323B0, 0x10940, 0xA7CE, 0x11DE0, 0x378, 0xE000, 0x10FFFF]
CHARACTERS += [0x09, 0x1C, 0x20, 0x85, 0xA0, 0x180E, 0x200B, 0x2003, 0x3000]


def record_tokenizers() -> dict:
    vocab, merges = tokenizer_cases.train()
    recorded = []
    for name, files in tokenizer_cases.cases(vocab[tokenizer_cases.END]).items():
        with tempfile.TemporaryDirectory() as folder:
            tokenizer_cases.write(Path(folder), files, vocab, merges)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            recorded.append(
                {
                    "name": name,
                    "files": files,
                    "bos": tokenizer.bos_token_id,
                    "eos": tokenizer.eos_token_id,
                    "size": len(tokenizer),
                    "ids": [tokenizer(text)["input_ids"] for text in TEXTS],
                }
            )
    return {"vocab": vocab, "merges": merges, "texts": TEXTS, "cases": recorded}


def record_words() -> list[dict]:
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    chosen = random.Random(1)
    some = [c for c in chosen.choices(range(0x20000), k=24) if not 0xD800 <= c < 0xE000]
    unassigned = tokenizer_cases.unassigned()
    words = []
    for c in [*CHARACTERS, *some]:
        text = "a{0}b1{0}2!{0}?\t{0}\n".format(chr(c))
        parts = [text[begin:end] for _, (begin, end) in split(text)]
        words.append({"code": c, "assigned": c not in unassigned, "words": parts})
    return words


def main() -> None:
    tokenizers = json.dumps(record_tokenizers(), separators=(",", ":"))
    (FIXTURES / "tokenizers.json").write_text(tokenizers + "\n")
    write(FIXTURES / "words.json", record_words())


if __name__ == "__main__":
    main()
