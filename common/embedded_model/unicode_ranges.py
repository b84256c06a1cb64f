# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records the letters, numbers and words that PCRE2 may be too old to know.

usage: unicode_ranges.py          (from anywhere; writes into the repository)

  common/model/tokenizer/unicode_ranges.inc   classes for expressions: unicode.h

The classes are PCRE2's, which has known Unicode 14 since version 10.39, and those
of the characters assigned since that `tokenizers` has in the same class. What was
assigned by then is asked of Python's unicodedata, which is that of Unicode 14 in
Python 3.11 alone. A newer PCRE2 knows these characters, and they change nothing.

Every code point is put between two of a class: if the three stay together, it
is of that class. White space is few and old, and only compared.
"""

import unicodedata
from importlib.metadata import version
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

OUT = Path(__file__).resolve().parents[1] / "model" / "tokenizer" / "unicode_ranges.inc"
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


def check_assigned(category: str, characters: list[int]) -> None:
    """Of what Unicode 14 had, `characters` are those of `category`."""
    wanted = [c for c in CODE_POINTS if unicodedata.category(chr(c))[0] == category]
    found = [c for c in characters if unicodedata.category(chr(c)) != "Cn"]
    if found != wanted:
        changed = [f"U+{c:04X}" for c in sorted({*found} ^ {*wanted})]
        raise SystemExit(f"not new, but in or out of \\p{{{category}}}: {changed}")


def definition(name: str, known: str, characters: list[int]) -> str:
    new = [c for c in characters if unicodedata.category(chr(c)) == "Cn"]
    ranges: list[list[int]] = []
    for c in new:
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    lines = [f"// {len(new)} characters are new."]
    lines.append(f"const char {name}[] =")
    line = f'    R"({known}'
    for first, last in ranges:
        item = rf"\x{{{first:X}}}"
        if last > first:
            item += rf"-\x{{{last:X}}}"
        if len(line + item) > 78:
            lines.append(line + ')"')
            line = '    R"('
        line += item
    return "\n".join([*lines, line + ')";'])


def main() -> None:
    if unicodedata.unidata_version != "14.0.0":
        raise SystemExit("Unicode 14's tables are wanted, which Python 3.11 has")
    spaces = of_class("\t")
    if spaces != SPACES:
        raise SystemExit(f"white space is not unicode.cpp's any more: {spaces}")
    letters, numbers = of_class("a"), of_class("1")
    check_assigned("L", letters)
    check_assigned("N", numbers)
    # \w of Unicode's Technical Standard 18, annex C
    word = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}"
    definitions = [
        definition("letters", r"\p{L}", letters),
        definition("numbers", r"\p{N}", numbers),
        definition("wordCharacters", word, word_characters()),
    ]
    head = "// Written by common/embedded_model/unicode_ranges.py from tokenizers "
    head += version("tokenizers") + "."
    OUT.write_text("\n\n".join([head, *definitions]) + "\n")
    print(OUT.name)


if __name__ == "__main__":
    main()
