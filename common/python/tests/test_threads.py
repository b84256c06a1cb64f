# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Threads, signals, and the ends of objects."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import judge
import numpy as np
import pytest
from lowering_gpt2 import GPT2

IDS = [7, 291, 0, 33, 258]


def in_threads(count, work):
    """work(i) in so many threads at once; raises what they raise."""
    start = threading.Barrier(count)

    def run(i):
        start.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_two_models_in_two_threads(tiny, model):
    """Compiled, loaded and run side by side, each with threads of its own."""
    both = min(2, os.cpu_count() or 1)
    expected = model.generate("Once", max_new_tokens=80)

    def work(i):
        if i == 0:
            mine = GPT2.from_pretrained(device="cpu", no_cache=True, threads=both)
            return [mine.generate("Once", max_new_tokens=80) for _ in range(3)]
        mine = GPT2.from_pretrained(tiny, chapter="ch05-kv-cache", device="cpu", no_cache=True)
        return [mine(IDS) for _ in range(200)]

    texts, logits = in_threads(2, work)
    assert texts == [expected] * 3
    for one in logits:
        judge.assert_close(one, judge.logits(tiny, IDS))


def test_compiling_in_several_threads(tiny):
    """Texts that are wrong, texts that are right, explanations: all at once."""

    def work(i):
        model = GPT2.from_pretrained(
            tiny,
            chapter=f"ch0{1 + i % 3}-" + ["baseline", "linalg", "fusion"][i % 3],
            device="cpu",
            no_cache=True,
        )
        text = model.explain("gelu")
        with pytest.raises(RuntimeError, match="x.*is wrong|expected|gelu.mlir"):
            GPT2.compile(
                tiny, chapter=model.chapter, sources={"gelu.mlir": f"// {i}\nx is wrong\n"}
            )
        return i % 3, model(IDS), text

    expected = judge.logits(tiny, IDS)
    texts = {}
    for chapter, logits, text in in_threads(6, work):
        judge.assert_close(logits, expected)
        assert texts.setdefault(chapter, text) == text


def test_one_model_in_many_threads(tiny, tiny_model):
    def work(i):
        session = tiny_model.session()
        return [
            judge.assert_close(session.fork().extend(IDS + [i]), judge.logits(tiny, IDS + [i])[-1])
            for _ in range(30)
        ]

    in_threads(8, work)


def test_one_session_in_many_threads(tiny_model):
    """Each call waits for the others: no token is lost, none is half there."""
    session = tiny_model.session()
    in_threads(8, lambda i: [session.extend([i]) for _ in range(4)])
    assert sorted(session.tokens) == sorted(list(range(8)) * 4)

    def closing(i):
        for _ in range(50):
            tiny_model.session([i]).close()

    in_threads(4, closing)


def test_one_stream_in_two_threads(model):
    ids = model.encode("Once upon a time")
    expected = model.generate(ids, max_new_tokens=60, return_full_text=False)
    from lowering_gpt2 import _core

    stream = _core.Stream(model._core, ids, _core.Generating(60, 0.8, 40, 1.0, 1, "stop"), None, False)
    parts = in_threads(2, lambda _: list(stream))
    assert sorted(parts[0] + parts[1]) == sorted(expected)


def test_others_run_while_it_computes(model):
    """Python's lock is let go: a thread counts on while another loads a text."""
    text, counted, done = "There was once a king. " * 800, 0, threading.Event()

    def work():
        model.loss(text)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted > 20


def test_models_and_their_sessions_end_in_any_order(tiny):
    for _ in range(3):
        model = GPT2.from_pretrained(tiny, chapter="ch05-kv-cache", device="cpu")
        sessions = [model.session(IDS) for _ in range(3)]
        stream = model.generate([1, 2], stream=True)
        next(stream)
        del model
        gc.collect()
        sessions[1].extend(3)
        del sessions
        next(stream)
        del stream
        gc.collect()


def interrupted(text, after):
    """Runs `text`, sends it SIGINT `after` seconds behind its line "ready"."""
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "ready\n"
    time.sleep(after)
    program.send_signal(signal.SIGINT)
    try:
        return (*program.communicate(timeout=60), program.returncode)
    except subprocess.TimeoutExpired:
        program.kill()
        raise


@pytest.mark.parametrize(
    "work",
    [
        "model.generate('Once', max_new_tokens=10**7, context='slide', eos_token_id=None)",
        "model.generate(['Once', 'The'], max_new_tokens=10**7, context='slide', eos_token_id=None)",
        "for _ in model.generate('Once', max_new_tokens=10**7, context='slide', eos_token_id=None, stream=True): pass",
        "model.loss('There was once a king. ' * 200000)",
    ],
)
def test_ctrl_c_stops_it_and_the_model_goes_on(work):
    out, error, code = interrupted(
        f"""
        from lowering_gpt2 import GPT2
        model = GPT2.from_pretrained(device="cpu")
        expected = model.generate("Once", max_new_tokens=9)
        print("ready", flush=True)
        try:
            {work}
        except KeyboardInterrupt:
            assert model.generate("Once", max_new_tokens=9) == expected
            print("stopped")
        """,
        after=1,
    )
    assert (out, error, code) == ("stopped\n", "", 0)


def test_ctrl_c_is_pythons_after_compiling():
    """LLVM has handlers of its own, which would end the process."""
    out, error, code = interrupted(
        """
        import signal, time
        from lowering_gpt2 import GPT2
        before = [signal.getsignal(s) for s in range(1, signal.NSIG)]
        GPT2.from_pretrained(chapter="ch01-baseline", no_cache=True)
        assert [signal.getsignal(s) for s in range(1, signal.NSIG)] == before
        handled = []
        signal.signal(signal.SIGINT, lambda *_: handled.append(1))
        print("ready", flush=True)
        while not handled: time.sleep(0.01)
        handled.clear()
        signal.raise_signal(signal.SIGINT)
        print(handled)
        """,
        after=0.1,
    )
    assert (out, error, code) == ("[1]\n", "", 0)
