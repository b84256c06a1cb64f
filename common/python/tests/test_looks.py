# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A kernel looked at, changed, and counted."""

from pathlib import Path

import judge
import numpy as np
import pytest
from lowering_gpt2 import GPT2, Error

IDS = [7, 291, 0, 33, 258]


@pytest.fixture(scope="module")
def fusion(tiny):
    return GPT2.from_pretrained(tiny, chapter="ch03-fusion", device="cpu")


def test_states_are_those_of_the_program(model, program):
    assert model.states == program("--emit=help").split()


@pytest.mark.parametrize("state", ["source", "specialized", "bufferized", "pipeline", "llvm-ir"])
def test_ir_is_what_the_program_prints(state, program):
    model = GPT2.from_pretrained(chapter="ch03-fusion", device="cpu")
    expected = program(f"--emit={state}", chapter="ch03-fusion")
    # Of the constants of a file's name, LLVM's text has another number.
    assert model.ir(state).removesuffix("\n") == expected


def test_ir_of_one_kernel(fusion):
    text = fusion.ir("bufferized", kernel="gelu")
    assert "math.tanh" in text and "@test_gelu" in text and "math.exp" not in text
    assert "memref<" in text and "tensor<" not in text
    assert "tensor<" in fusion.ir("specialized", kernel="gelu")


def test_ir_says_what_there_is(fusion):
    with pytest.raises(Error, match="--emit=nothing: expected one of source specialized"):
        fusion.ir("nothing")
    with pytest.raises(Error, match="no kernel 'gelo'; there are:.* gelu"):
        fusion.ir("bufferized", kernel="gelo")


def test_explain(program):
    model = GPT2.from_pretrained(chapter="ch03-fusion", device="cpu")
    text = model.explain("gelu")
    assert text.strip() == program("--explain=gelu", chapter="ch03-fusion").strip()
    assert text.startswith("@gelu in ch03-fusion, as it is written") and "\n=== " in text


def test_score(program):
    model = GPT2.from_pretrained(chapter="ch03-fusion", device="cpu")
    scores = model.score(tokens=16)
    assert str(scores).strip() in program("--score", "--score-tokens=16", chapter="ch03-fusion")
    # Products of 16 rows by each matrix, a product and a sum an element, and more.
    least = 2 * 16 * 5 * 12 * 192 * 192
    assert least < scores.prompt.flops < 1.5 * least
    assert scores.tokens == 16 and scores.cache_bytes == 2**20
    assert model.score(16, cache_kib=64).prompt.bytes_read > scores.prompt.bytes_read
    with pytest.raises(Error, match="context of 512"):
        model.score(512)


def test_sources(fusion, source):
    assert set(fusion.sources) >= {"gpt2.mlir", "gelu.mlir", "attention.mlir"}
    assert fusion.sources["gelu.mlir"] == (source / "ch02-linalg/gelu.mlir").read_text()
    assert fusion.schedule is None


RELU = """
func.func @gelu(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %zero = arith.constant 0.0 : f32
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, c) -> (t, c)>], iterator_types = ["parallel", "parallel"]}
      outs(%x : tensor<?x?xf32>) {
  ^bb0(%v: f32):
    %m = arith.maximumf %v, %zero : f32
    linalg.yield %m : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
"""


def test_a_kernel_of_ones_own(tiny, fusion, monkeypatch, tmp_path):
    """Another activation: what NumPy computes with it, and not what GELU gives."""
    mine = GPT2.compile(tiny, chapter="ch03-fusion", device="cpu", sources={"gelu.mlir": RELU})
    assert mine.sources["gelu.mlir"] == RELU
    monkeypatch.setattr(judge, "gelu", lambda x: np.maximum(x, 0))
    judge.assert_close(mine(IDS), judge.logits(tiny, IDS))
    assert np.abs(mine(IDS) - fusion(IDS)).max() > 1e-3
    assert "math.tanh" not in mine.ir("bufferized") and "math.tanh" in fusion.ir("bufferized")
    assert mine.score(8).prompt.calls < fusion.score(8).prompt.calls
    (tmp_path / "mine").write_text(RELU)
    same = GPT2.compile(
        tiny, chapter="ch03-fusion", device="cpu", sources={"gelu.mlir": tmp_path / "mine"}
    )
    assert (same(IDS) == mine(IDS)).all()


def test_a_pipeline_of_ones_own(tiny, fusion):
    text = fusion.pipeline
    assert "\nfuse-elementwise" in text
    lines = [line for line in text.split("\n") if not line.startswith("fuse-elementwise")]
    mine = GPT2.compile(tiny, chapter="ch03-fusion", device="cpu", pipeline="\n".join(lines))
    assert "fuse-elementwise" not in mine.pipeline
    judge.assert_close(mine(IDS), judge.logits(tiny, IDS))
    assert mine.ir("fused") != fusion.ir("fused")


def test_a_schedule_of_ones_own(tiny, tiny_model):
    text = tiny_model.schedule
    mine = GPT2.compile(tiny, device="cpu", schedule=text + "// mine\n")
    assert mine.schedule.endswith("// mine\n")
    judge.assert_close(mine(IDS), judge.logits(tiny, IDS))


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(sources={"gelu.mlir": RELU[:-3]}), "(?s)do not link.*gelu.mlir:1[0-9]:"),
        (
            dict(sources={"gelu.mlir": RELU.replace("@gelu", "@relu")}),
            "(?s)@gelu is declared here, and no file",
        ),
        (
            dict(sources={"gelo.mlir": RELU}),
            "sources: ch03-fusion has no text 'gelo.mlir'; it has:.* gelu.mlir",
        ),
        (dict(sources={"../gelu.mlir": RELU}), "has no text '../gelu.mlir'"),
        (
            dict(sources={"gelu.mlir": "gelu2.mlir"}),
            r"sources\['gelu.mlir'\]: expected a text of several lines",
        ),
        (dict(pipeline="== specialized\nno-such-pass\n"), "stage specialized: .*no-such-pass"),
        (dict(pipeline="== first\ncse\n"), "expected the stage specialized first"),
        (dict(schedule="module {\n}\n"), "--schedule=.*: ch03-fusion has no schedules"),
    ],
)
def test_texts_are_refused(changes, message, tiny):
    with pytest.raises(Error, match=message):
        GPT2.compile(tiny, chapter="ch03-fusion", device="cpu", **changes)


def test_a_pass_that_fails_is_an_error_and_no_exit(tiny, fusion):
    """What MLIR says of it stands in the message; and again, the same."""
    pipeline = fusion.pipeline
    for wrong, message in [
        (
            pipeline.replace("must-infer-memory-space=false", "must-infer-memory-space=true"),
            "a pass failed:\n.+",
        ),
        (pipeline[: pipeline.index("== bufferized")], "translated to LLVM IR: .+"),
    ]:
        for _ in range(2):
            with pytest.raises(Error, match="(?s)" + message):
                GPT2.compile(tiny, chapter="ch03-fusion", device="cpu", pipeline=wrong)
    assert fusion(IDS).shape == (5, 300)


def test_nothing_is_left_behind(tiny, python, tmp_path):
    python(
        f"""
from lowering_gpt2 import GPT2
m = GPT2.compile({str(tiny)!r}, chapter="ch01-baseline", sources=GPT2.from_pretrained(
    {str(tiny)!r}, chapter="ch01-baseline").sources)
m([1, 2])
""",
        env={**__import__("os").environ, "TMPDIR": str(tmp_path)},
    )
    assert list(Path(tmp_path).iterdir()) == []
