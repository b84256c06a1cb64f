# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Our tokenizer beside transformers', on texts that nobody wrote down.

usage: test_tokenizers.py GPT2_TOKENIZE          (skips without transformers)

Compares ids, and text made of ids, for the tokenizers of tokenizer_cases.py,
for GPT-2's own if GPT2_TEST_DATA has it, and around every code point of Unicode.
Exits with 77 if it was skipped.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import tokenizers
    import transformers
except ImportError as missing:
    print(f"SKIPPED: {sys.executable} has no {missing.name} to compare with")
    sys.exit(77)

import tokenizer_cases

PROGRAM = ""
TEXTS_OF_EACH = 400
PIECES = [
    *"aehtrs  '\"<>|/.,!?0123456789\n\t",
    "the", " the", " king", "'s", "'ll", "'S", " '", "\r\n", "  ", "\u00a0", "\u3000",
    "\u2028", "\u200b", "\u180e", "\u0085", "\x1c", "\x7f", "\x01", "\u00e9t\u00e9",
    "e\u0301", "\u65e5\u672c", "\u0661\u0662", "\u00bd", "\u2167", "\U0001f600",
    "\U0001f468\u200d\U0001f469", "\u0130", "\u01c5", "\ufb01", "\ufeff", "\U00011f04",
    "\U000105c0", "\U0010ffff", "word", " word ", "<l>", "<r>", "<b>", "<l><r>", " <r",
    "<r>x", "<s>", "</s>", "<pad>", "<c>", "<m>", "<p>", "plain", "<u>", "<zz>",
    "<img>", "<|endoftext|>", "<|endoftext", "|>", "<|", "woods", " woods",
]  # fmt: skip


def random_texts(seed: int, count: int) -> list[str]:
    chosen = random.Random(seed)
    texts = [""]
    while len(texts) < count:
        parts = chosen.choices(PIECES, k=chosen.randrange(1, 30))
        parts += chosen.choices(range(1, 0xD800), k=chosen.randrange(2))
        chosen.shuffle(parts)
        texts.append("".join(p if isinstance(p, str) else chr(p) for p in parts))
    return texts


def run(arguments: list[str], given: str) -> bytes:
    return subprocess.run(
        [PROGRAM, *arguments], input=given.encode(), stdout=subprocess.PIPE, check=True
    ).stdout


def our_ids(folder: Path, texts: list[str], *options: str) -> list[list[int]]:
    given = "".join(text + "\0" for text in texts)
    lines = run([f"--tokenizer={folder}", "--null", *options], given).decode()
    return [[int(number) for number in line.split()] for line in lines.split("\n")[:-1]]


def our_texts(folder: Path, ids: list[list[int]]) -> list[bytes]:
    given = "".join(" ".join(map(str, line)) + "\n" for line in ids)
    return run([f"--tokenizer={folder}", "--null", "--decode"], given).split(b"\0")[:-1]


class Tokenizers(unittest.TestCase):
    maxDiff = 2000

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def compare(self, folder: Path, texts: list[str]) -> None:
        theirs = transformers.AutoTokenizer.from_pretrained(folder)
        expected = theirs(texts)["input_ids"]
        actual = our_ids(folder, texts)
        self.assertEqual(len(actual), len(texts))
        for text, ours, wanted in zip(texts, actual, expected):
            self.assertEqual(ours, wanted, repr(text))
        as_text = theirs(texts, split_special_tokens=True)["input_ids"]
        actual = our_ids(folder, texts, "--no-special")
        for text, ours, wanted in zip(texts, actual, as_text):
            self.assertEqual(ours, wanted, repr(text))
        # In theirs a token that is not ASCII comes back as other bytes, and
        # bytes that are no text as U+FFFD.
        foreign = {
            number
            for number, token in theirs.added_tokens_decoder.items()
            if not token.content.isascii()
        }
        kept = [line for line in expected if not foreign & set(line)]
        compared = 0
        for line, text in zip(kept, our_texts(folder, kept)):
            wanted = theirs.decode(line)
            if "\ufffd" not in wanted:
                compared += 1
                self.assertEqual(text, wanted.encode(), line)
        self.assertGreater(compared, len(texts) // 2)

    def test_folders_as_people_have_them(self) -> None:
        vocab, merges = tokenizer_cases.train()
        all_cases = tokenizer_cases.cases(vocab[tokenizer_cases.END])
        for seed, (name, files) in enumerate(all_cases.items()):
            with self.subTest(name):
                folder = self.folder / str(seed)
                folder.mkdir()
                tokenizer_cases.write(folder, files, vocab, merges)
                self.compare(folder, random_texts(seed, TEXTS_OF_EACH))

    def test_what_transformers_saves(self) -> None:
        """A tokenizer trained, given tokens, and saved as people do it."""
        vocab, merges = tokenizer_cases.train()
        special = ["<s>", "<pad>", "<|startoftext|>"]
        for prefix in (False, True):
            theirs = transformers.GPT2Tokenizer(
                vocab=vocab,
                merges=[tuple(merge) for merge in merges],
                add_prefix_space=prefix,
                bos_token="<|startoftext|>",
                pad_token="<pad>",
            )
            theirs.add_special_tokens({"additional_special_tokens": special[:1]})
            theirs.add_tokens(
                [
                    tokenizers.AddedToken("<l>", lstrip=True),
                    tokenizers.AddedToken("<r>", rstrip=True, special=True),
                    tokenizers.AddedToken("word", single_word=True, normalized=False),
                ]
            )
            folder = self.folder / str(prefix)
            theirs.save_pretrained(folder)
            (folder / "config.json").write_text('{"model_type": "gpt2"}')
            self.assertTrue((folder / "tokenizer.json").exists())
            self.compare(folder, random_texts(prefix, TEXTS_OF_EACH))

    def test_gpt2(self) -> None:
        data = Path(os.environ.get("GPT2_TEST_DATA", "none")) / "gpt2_tokenizer"
        if not data.exists():
            self.skipTest("GPT2_TEST_DATA has no gpt2_tokenizer/")
        own = self.folder / "own"
        own.mkdir()
        for source, name in ("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt"):
            (own / name).write_bytes((data / source).read_bytes())
        (own / "config.json").write_text('{"model_type": "gpt2"}')
        texts = random_texts(7, 10 * TEXTS_OF_EACH)
        self.compare(own, texts)
        saved = self.folder / "saved"
        transformers.AutoTokenizer.from_pretrained(own).save_pretrained(saved)
        (saved / "config.json").write_text('{"model_type": "gpt2"}')
        self.compare(saved, texts)

    def test_every_code_point(self) -> None:
        """With tokens that show whether two neighbours are in one word.

        The added tokens are no symbols of the vocabulary: their ids show them.
        A PCRE2 newer than `tokenizers` may differ where those know no character
        yet. That it is newer shows in U+323B0, a letter of Unicode 17: where that
        is as in `tokenizers`, all must be.
        """
        alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
        byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        neighbours = [byte_level.pre_tokenize_str(c)[0][0] for c in "a1!\t "]
        merges = [(n, other) for n in neighbours for other in alphabet]
        merges += [(o, n) for n in neighbours for o in alphabet if o not in neighbours]
        symbols = [*alphabet, *("".join(merge) for merge in merges)]
        vocab = {symbol: i for i, symbol in enumerate(symbols)}
        model = tokenizers.models.BPE(vocab=vocab, merges=merges)
        theirs = tokenizers.Tokenizer(model)
        theirs.pre_tokenizer = byte_level
        theirs.decoder = tokenizers.decoders.ByteLevel()
        theirs.add_tokens([tokenizers.AddedToken("@@", single_word=True)])
        theirs.add_tokens([tokenizers.AddedToken("##", lstrip=True, rstrip=True)])
        theirs.save(str(self.folder / "tokenizer.json"))
        contexts = "a{0}a|1{0}1|!{0}!|\t{0}\t| {0} |'{0}s|{0}@@|@@{0}|{0}##{0}|"
        code_points = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
        wrong = []
        for begin in range(0, len(code_points), 100_000):
            chunk = code_points[begin : begin + 100_000]
            texts = [contexts.format(chr(c)) for c in chunk]
            expected = theirs.encode_batch_fast(texts)
            actual = our_ids(self.folder / "tokenizer.json", texts)
            wrong += [
                c
                for c, ours, wanted in zip(chunk, actual, expected)
                if ours != wanted.ids
            ]
            self.assertEqual(len(actual), len(chunk))
        if 0x323B0 in wrong:
            unassigned = tokenizer_cases.unassigned()
            newer = [c for c in wrong if c in unassigned]
            print(f"PCRE2 is newer than tokenizers: {len(newer)} characters differ")
            wrong = [c for c in wrong if c not in unassigned]
        self.assertEqual([*map(hex, wrong[:20])], [], f"{len(wrong)} in all")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
