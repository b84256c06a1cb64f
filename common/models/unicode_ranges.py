"""Records which characters `tokenizers` takes for letters, numbers and words.

usage: unicode_ranges.py          (from anywhere; writes into the repository)

  common/model/unicode_ranges.inc   what common/model/unicode.cpp searches

Every code point is put between two of a class: if the three stay together, it
is of that class. White space is few and old, and only compared.
"""

from importlib.metadata import version
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

OUT = Path(__file__).resolve().parents[1] / "model" / "unicode_ranges.inc"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
SPACES = [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]
SPACES += [0x2028, 0x2029, 0x202F, 0x205F, 0x3000]


def of_class(neighbour: str) -> list[int]:
    """What GPT-2's expression takes together with `neighbour`."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    return [
        c for c in CODE_POINTS if len(split(neighbour + chr(c) + neighbour)) == 1
    ]


def word_characters() -> list[int]:
    """What a token that stands for a single word may not touch."""
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    tokenizer.add_tokens([AddedToken("@", single_word=True)])
    return [c for c in CODE_POINTS if 1 not in tokenizer.encode(chr(c) + "@").ids]


def table(name: str, what: str, characters: list[int]) -> str:
    ranges: list[list[int]] = []
    for c in characters:
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    lines = [f"// {what}: {len(characters)} characters."]
    lines.append(f"constexpr Range {name}[] = {{")
    line = "   "
    for first, last in ranges:
        item = f" {{0x{first:X}, 0x{last:X}}},"
        if len(line + item) > 80:
            lines.append(line)
            line = "   "
        line += item
    return "\n".join([*lines, line[:-1] + "};"])


def main() -> None:
    spaces = of_class("\t")
    if spaces != SPACES:
        raise SystemExit(f"white space is not unicode.cpp's any more: {spaces}")
    tables = [
        table("letters", r"\p{L}", of_class("a")),
        table("numbers", r"\p{N}", of_class("1")),
        table("wordCharacters", r"\w", word_characters()),
    ]
    head = "// Written by common/models/unicode_ranges.py from tokenizers "
    OUT.write_text("\n\n".join([f"{head}{version('tokenizers')}.", *tables]) + "\n")
    print(OUT.name)


if __name__ == "__main__":
    main()
