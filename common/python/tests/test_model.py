# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Logits, sessions and batches, judged by NumPy; what is refused, and how."""

import gc

import judge
import numpy as np
import pytest
from lowering_gpt2 import GPT2, Error, Session, chapters

IDS = [7, 291, 0, 33, 33, 258, 299, 12]
ON_CPU = ["ch01-baseline", "ch02-linalg", "ch03-fusion", "ch05-kv-cache", "ch06-vectorize", "ch07-specialize"]


@pytest.mark.parametrize("chapter", ON_CPU)
def test_logits_of_every_chapter(chapter, tiny):
    model = GPT2.from_pretrained(tiny, chapter=chapter, device="cpu")
    assert model.chapter == chapter
    logits = model(IDS)
    assert logits.dtype == np.float32
    judge.assert_close(logits, judge.logits(tiny, IDS))


def test_logits_of_kernels_on_the_emulator(tiny):
    model = GPT2.from_pretrained(tiny, chapter="ch04-gpu-parallel", device="emulator")
    judge.assert_close(model(IDS), judge.logits(tiny, IDS))


def test_logits_of_the_embedded_model(model, embedded):
    ids = model.encode("Once upon a time there was a king who had a daughter")
    judge.assert_close(model(ids), judge.logits(embedded, ids))


@pytest.mark.parametrize("weights, tolerance", [("bf16", 2e-2), ("int8", 5e-2)])
def test_weights_in_fewer_bits(weights, tolerance, model, embedded):
    ids = model.encode("Once upon a time")
    narrow = GPT2.from_pretrained(device="cpu", weights=weights)
    assert narrow.weights == weights
    judge.assert_close(narrow(ids), judge.logits(embedded, ids), tolerance)
    # The model is in bf16 on disk: where its products are in f32, nothing is rounded.
    assert weights == "bf16" or np.abs(narrow(ids) - model(ids)).max() > 0


def test_threads_compute_the_same(tiny, tiny_model):
    import os

    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    two = GPT2.from_pretrained(tiny, device="cpu", threads=2)
    assert two.threads == 2
    assert (two(IDS) == tiny_model(IDS)).all()


@pytest.mark.parametrize(
    "ids",
    [
        tuple(IDS),
        np.array(IDS, np.int32),
        np.array(IDS, np.int64),
        np.array(IDS, np.uint16),
        np.repeat(np.array(IDS, np.int32), 2)[::2],
        np.array(IDS[::-1])[::-1],
    ],
)
def test_ids_may_be(ids, tiny_model):
    assert (tiny_model(ids) == tiny_model(IDS)).all()


def test_ids_may_be_a_range(tiny_model):
    assert (tiny_model(range(5)) == tiny_model([0, 1, 2, 3, 4])).all()


@pytest.mark.parametrize(
    "ids, kind, message",
    [
        ([1.5], TypeError, "float64; expected whole numbers"),
        (["a"], TypeError, "expected whole numbers"),
        ([True], TypeError, "bool; expected whole numbers"),
        (None, TypeError, "object; expected whole numbers"),
        ([[1, 2], [3, 4]], Error, r"shape \(2, 2\); expected one dimension"),
        ([1, 300], Error, "token 2 of the prompt has id 300; the vocabulary has ids 0 to 299"),
        ([-1], Error, "token 1 of the prompt has id -1"),
        (np.array([300], np.int32), Error, "token 1 of the prompt has id 300"),
        # Which as int32 would be 5.
        ([2**32 + 5], Error, "token 1 of the prompt has id 4294967301"),
        ([], Error, "at least one token"),
        (range(33), Error, "context is 32"),
    ],
)
def test_ids_may_not_be(ids, kind, message, tiny_model):
    with pytest.raises(kind, match=message):
        tiny_model(ids)


def test_logits_are_written_where_they_stay(tiny_model):
    from lowering_gpt2 import _core

    ids = np.array(IDS, np.int32)
    # 4 bytes after a multiple of 16: no vector's alignment may be taken for given.
    memory = np.full(len(IDS) * 300 + 9, np.nan, np.float32)
    tiny_model._core.logits(ids, memory[5 : 5 + len(IDS) * 300])
    assert (memory[5:-4].reshape(-1, 300) == tiny_model(IDS)).all()
    assert np.isnan(memory[:5]).all() and np.isnan(memory[-4:]).all()
    with pytest.raises(ValueError, match="contiguous"):
        tiny_model._core.logits(ids, np.empty((8, 600), np.float32)[:, ::2])
    with pytest.raises(TypeError, match="4 bytes"):
        tiny_model._core.logits(ids, np.empty((8, 300)))
    with pytest.raises(Error, match="after 9 of 8 tokens"):
        tiny_model._core.logits(ids, np.empty((9, 300), np.float32))
    assert isinstance(tiny_model._core, _core.Model)


@pytest.mark.parametrize("chapter", ["ch03-fusion", "ch05-kv-cache", "ch06-vectorize"])
def test_sessions(chapter, tiny):
    model = GPT2.from_pretrained(tiny, chapter=chapter, device="cpu")
    expected = judge.logits(tiny, IDS)
    session = model.session()
    judge.assert_close(session.extend(IDS[:3], all_positions=True), expected[:3])
    judge.assert_close(session.extend(IDS[3]), expected[3])
    other = session.fork()
    judge.assert_close(session.extend(IDS[4:]), expected[-1])
    assert session.tokens == IDS and len(other) == 4
    session.extend([1, 2, 3])
    session.truncate(5)
    judge.assert_close(session.extend(IDS[5:]), expected[-1])
    # The fork has its own memory.
    judge.assert_close(other.extend(IDS[4:], all_positions=True), expected[4:])
    assert other.fork(2).tokens == IDS[:2]
    other.truncate(7)
    assert other.choose(IDS[7]) == expected[-1].argmax()


def test_sessions_are_as_many_as_are_wanted(tiny, tiny_model):
    """The cache grows, and what is kept in it stays."""
    sessions = [tiny_model.session([i, 5]) for i in range(20)]
    for i, session in enumerate(sessions):
        judge.assert_close(session.extend(9), judge.logits(tiny, [i, 5, 9])[-1])


def test_a_session_says_what_is_wrong_and_stays(tiny_model):
    session = tiny_model.session([1, 2, 3])
    for wrong, message in [([300], "id 300"), ([], "at least one"), (range(30), "30 more")]:
        with pytest.raises(Error, match=message):
            session.extend(wrong)
    with pytest.raises(Error, match="no first 4"):
        session.truncate(4)
    with pytest.raises(Error, match="no first 9"):
        session.fork(9)
    assert session.tokens == [1, 2, 3]
    with session:
        pass
    with pytest.raises(Error, match="was closed"):
        session.extend([1])


def test_a_session_keeps_its_model(tiny):
    session = GPT2.from_pretrained(tiny, device="cpu").session()
    gc.collect()
    judge.assert_close(session.extend(IDS), judge.logits(tiny, IDS)[-1])


def test_batches(tiny, tiny_model):
    own = tiny_model.session([1, 2])
    batch = tiny_model.batch([own, [3, 4, 5], np.array([6])])
    assert [len(s) for s in batch.sessions] == [2, 3, 1] and batch.sessions[0] is own
    logits = batch.extend([7, 8, 9])
    for row, ids in zip(logits, ([1, 2, 7], [3, 4, 5, 8], [6, 9])):
        judge.assert_close(row, judge.logits(tiny, ids)[-1])


def test_batches_say_what_is_wrong(tiny_model, model):
    batch = tiny_model.batch([[1], [2]])
    with pytest.raises(Error, match="1 tokens for 2 sequences"):
        batch.extend([3])
    with pytest.raises(Error, match="token 2 of the prompt has id 300"):
        batch.extend([3, 300])
    with pytest.raises(Error, match="in the batch twice"):
        tiny_model.batch([batch.sessions[0]] * 2).extend([1, 1])
    with pytest.raises(Error, match="of another model"):
        model.batch(batch.sessions).extend([1, 1])
    assert [s.tokens for s in batch.sessions] == [[1], [2]]


def test_loss(model, embedded):
    text = "Once upon a time there was a king who had a daughter."
    ids = model.encode(text)
    logits = judge.logits(embedded, ids)[:-1]
    expected = -np.log(judge.softmax(logits)[np.arange(len(ids) - 1), ids[1:]]).mean()
    assert model.loss(text) == pytest.approx(expected, abs=1e-4)
    assert model.loss(text.encode()) == model.loss(text)
    with pytest.raises(Error, match="two tokens or more"):
        model.loss("")


def test_config_has_the_names_of_transformers(tiny_model):
    config = tiny_model.config
    assert (config.n_layer, config.n_head, config.n_embd) == (2, 2, 16)
    assert (config.n_positions, config.vocab_size, config.eos_token_id) == (32, 300, 299)


def test_chapters():
    assert list(chapters())[:2] == ["ch01-baseline", "ch02-linalg"]
    assert GPT2.from_pretrained(device="cpu").chapter == list(chapters())[-1]


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(chapter="ch99-magic"), "no chapter 'ch99-magic'; there are: ch01-baseline ch02"),
        (dict(model="nowhere"), "nowhere: no such model"),
        (dict(chapter="ch03-fusion", kv="f32"), "--kv=f32: ch03-fusion keeps no keys"),
        (dict(kv="f16"), "--kv=f16: .* takes: f32, bf16"),
        (dict(weights="int4"), "--weights=int4: .* takes: f32, bf16, int8"),
        (dict(threads=0), "--threads=0: "),
        (dict(chapter="ch01-baseline", threads=2), "--threads=2: ch01-baseline runs on 1 thread"),
        (dict(device="tpu"), "--device=tpu: .* runs on: cpu, emulator, cuda, hip"),
        (dict(chip="sm_1", chapter="ch01-baseline"), "--chip=sm_1: "),
        (dict(cache_dir="x", no_cache=True), "not both"),
    ],
)
def test_options_are_refused(options, message):
    with pytest.raises(Error, match=message):
        GPT2.from_pretrained(**options)


def test_error_is_a_runtime_error():
    assert issubclass(Error, RuntimeError) and Error.__module__ == "lowering_gpt2"


def test_a_model_without_a_tokenizer(tiny_model):
    with pytest.raises(Error, match="encoder.json|vocab.json|tokenizer"):
        tiny_model.encode("Once")


def test_help_reads_like_help(capsys):
    import inspect

    text = inspect.getdoc(GPT2)
    for name in ("generate", "session", "ir", "explain", "score", "compile", "timings"):
        assert name in text
    for kind in (GPT2, Session):
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{kind.__name__}.{name} is not explained"
