# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts that are continued: beside the C++ programs, in pieces, to their end."""

import types

import numpy as np
import pytest
from lowering_gpt2 import GPT2, Error

PROMPT = "There was once a king who had"


@pytest.mark.parametrize("seed", [1, 2, 12345678901])
def test_same_seed_same_text_as_the_program(seed, model, program):
    expected = program(PROMPT, f"--seed={seed}", "--max-new-tokens=60")
    assert model.generate(PROMPT, seed=seed, max_new_tokens=60) == expected


@pytest.mark.parametrize(
    "options, flags",
    [
        (dict(do_sample=False), ["--greedy"]),
        (dict(temperature=0), ["--greedy"]),
        (
            dict(temperature=1.5, top_k=0, top_p=0.7),
            ["--temperature=1.5", "--top-k=0", "--top-p=0.7"],
        ),
        (dict(top_k=3), ["--top-k=3"]),
        (dict(eos_token_id=None), ["--ignore-end"]),
    ],
)
def test_options_are_those_of_the_program(options, flags, model, program):
    expected = program(PROMPT, "--max-new-tokens=200", *flags)
    assert model.generate(PROMPT, max_new_tokens=200, **options) == expected


@pytest.mark.parametrize("chapter", ["ch03-fusion", "ch05-kv-cache"])
def test_same_text_in_other_chapters(chapter, program):
    model = GPT2.from_pretrained(chapter=chapter, device="cpu")
    expected = program(PROMPT, "--max-new-tokens=20", chapter=chapter)
    assert model.generate(PROMPT, max_new_tokens=20) == expected


def test_a_context_that_slides(model, program):
    expected = program(PROMPT, "--max-new-tokens=600", "--context=slide", "--ignore-end")
    text = model.generate(PROMPT, max_new_tokens=600, context="slide", eos_token_id=None)
    assert text == expected
    stopped = model.generate(PROMPT, max_new_tokens=600, eos_token_id=None)
    assert len(stopped) < len(text) and text.startswith(stopped)


def test_many_prompts(model, program, tmp_path):
    prompts = ["Once upon a time", "The king", "", "Ein Märchen"]
    (tmp_path / "prompts").write_text("\n".join(prompts) + "\n")
    expected = program(f"--prompts={tmp_path / 'prompts'}", "--batch=4", "--max-new-tokens=20")
    texts = model.generate(prompts, max_new_tokens=20)
    assert "\n\n".join(texts) + "\n" == expected
    alone = model.generate(prompts[1], max_new_tokens=20, seed=2)
    assert texts[1] == alone  # the second has the second seed
    with pytest.raises(Error, match="stream goes with one prompt"):
        model.generate(prompts, stream=True)


def test_a_stream_is_the_text_in_pieces(model):
    stream = model.generate(PROMPT, stream=True, max_new_tokens=40)
    assert isinstance(stream, types.GeneratorType)
    pieces = list(stream)
    assert len(pieces) > 30 and pieces[0] == PROMPT
    assert "".join(pieces) == model.generate(PROMPT, max_new_tokens=40)
    new = model.generate(PROMPT, max_new_tokens=40, return_full_text=False)
    assert new == "".join(pieces[1:])


def test_a_stream_that_is_left_gives_its_memory_back(model):
    for _ in range(100):  # or the cache would grow
        stream = model.generate(PROMPT, stream=True)
        next(stream), next(stream)
    assert model.generate(PROMPT, max_new_tokens=1)


def test_ids_for_ids(model):
    ids = model.encode(PROMPT)
    out = model.generate(ids, max_new_tokens=12)
    assert out[: len(ids)] == ids and len(out) == len(ids) + 12
    assert model.decode(out) == model.generate(PROMPT, max_new_tokens=12)
    assert list(model.generate(np.array(ids), max_new_tokens=12, stream=True)) == out
    assert model.generate(ids, max_new_tokens=12, return_full_text=False) == out[len(ids) :]


def test_tokens_that_end_a_text(model):
    """One id, several, none; a text ends before them."""
    ids = model.encode(PROMPT)
    new = model.generate(ids, max_new_tokens=30, return_full_text=False)
    third, fifth = new[2], new[4]
    before = new[: min(new.index(third), new.index(fifth))]
    assert (
        model.generate(ids, eos_token_id=third, return_full_text=False) == new[: new.index(third)]
    )
    ends = [third, fifth]
    assert model.generate(ids, eos_token_id=ends, return_full_text=False) == before
    with pytest.raises(Error, match="eos_token_id is 'none'"):
        model.generate(ids, eos_token_id="none")


@pytest.mark.parametrize("prompt", ["Ein König, ein Märchen", "王様と🦊", "a\u0301 \x00 b"])
def test_characters_of_several_tokens(prompt, model):
    assert model.decode(model.encode(prompt)) == prompt
    assert model.generate(prompt, max_new_tokens=0) == prompt
    assert model.generate(prompt.encode(), max_new_tokens=3) == model.generate(
        prompt, max_new_tokens=3
    )


class Tokens:
    """Stands for a stream that makes the bytes of a text, one at a time."""

    def __init__(self, model, data):
        self.ids = [model.encode(bytes([b]))[0] for b in data]

    def __iter__(self):
        return iter(self.ids)


def test_pieces_end_where_characters_do(model):
    """Each byte of a character is a token of its own here."""
    text = "a🦊ö"
    assert list(model._pieces(b"", Tokens(model, text.encode()))) == ["a", "🦊", "ö"]
    # What never becomes a character is replaced, at the end at the latest.
    assert list(model._pieces(b"", Tokens(model, b"a\xff\xf0\x9f"))) == ["a", "\ufffd", "\ufffd"]
    # A prompt may end within a character.
    assert list(model._pieces(b"x\xc3", Tokens(model, b"\xb6"))) == ["x", "ö"]


def test_bytes_that_are_no_text(model):
    assert model.generate(b"a\xff", max_new_tokens=0) == "a\ufffd"


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(max_new_tokens=-1), "--max-new-tokens=-1: expected 0 or more"),
        (dict(temperature=-1.0), "--temperature is -1"),
        (dict(temperature=float("nan")), "--temperature is nan"),
        (dict(top_k=-1), "--top-k is -1"),
        (dict(top_p=0.0), "--top-p is 0"),
        (dict(seed=-1), "seed is -1"),
        (dict(context="forget"), "--context=forget: expected stop or slide"),
    ],
)
def test_options_are_refused(options, message, model):
    for prompt in (PROMPT, [PROMPT]):
        with pytest.raises(Error, match=message):
            model.generate(prompt, **options)


def test_a_prompt_may_be_too_long(model):
    with pytest.raises(Error, match="context 512; shorten the prompt"):
        model.generate([5] * 513)


def test_timings(model):
    model.generate(PROMPT, max_new_tokens=9)
    timings = model.timings
    assert len(timings["steps"]) == 9
    assert 0 < timings["per_token"] <= max(timings["steps"][1:])
    assert timings["first_token"] == timings["steps"][0]
    assert 0 < timings["in_compiled_code"] <= sum(timings["steps"])
    assert timings["compile"] > 0 and timings["load"] > 0


def test_a_second_time_it_comes_from_the_cache(tiny, tmp_path):
    first = GPT2.from_pretrained(tiny, chapter="ch05-kv-cache", device="cpu", cache_dir=tmp_path)
    second = GPT2.from_pretrained(tiny, chapter="ch05-kv-cache", device="cpu", cache_dir=tmp_path)
    assert not first.timings["from_cache"] and second.timings["from_cache"]
    anew = GPT2.from_pretrained(tiny, chapter="ch05-kv-cache", device="cpu", no_cache=True)
    assert not anew.timings["from_cache"]
