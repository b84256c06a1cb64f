# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the embedded model's byte-level BPE in GPT-2's file format.

usage: tokenizer.py CORPUS.txt OUT_DIR [--vocab-size 4096]

Writes OUT_DIR/encoder.json (token -> id) and OUT_DIR/vocab.bpe (the merges, in
order). The ids follow GPT-2: the 256 bytes, then the merges, then
<|endoftext|> as the last id.
"""

import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"


def train(corpus: str, vocab_size: int) -> tuple[dict[str, int], list[str]]:
    """Returns the vocabulary and the merges as "left right" lines."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,  # one id is left for <|endoftext|>
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus.split(END_OF_TEXT), trainer)
    state = json.loads(tokenizer.to_str())["model"]
    vocab = dict(sorted(state["vocab"].items(), key=lambda item: item[1]))
    vocab[END_OF_TEXT] = len(vocab)
    merges = [m if isinstance(m, str) else " ".join(m) for m in state["merges"]]
    return vocab, merges


def load(directory: Path) -> Tokenizer:
    """The tokenizer whose two files lie in `directory`."""
    tokenizer = Tokenizer(
        models.BPE.from_file(
            str(directory / "encoder.json"), str(directory / "vocab.bpe")
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--vocab-size", type=int, default=4096)
    args = parser.parse_args()
    vocab, merges = train(args.corpus.read_text(encoding="utf-8"), args.vocab_size)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    (args.out_dir / "encoder.json").write_text(json.dumps(vocab) + "\n")
    (args.out_dir / "vocab.bpe").write_text(
        "#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8"
    )
    print(f"{len(vocab)} tokens, {len(merges)} merges in {args.out_dir}")


if __name__ == "__main__":
    main()
