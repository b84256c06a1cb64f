# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Beside transformers, where it is installed: the same model, the same names."""

import judge
import numpy as np
import pytest
from lowering_gpt2 import GPT2

try:
    import torch
    import transformers
except ImportError:
    pytest.skip("NO TRANSFORMERS: nothing was compared with it", allow_module_level=True)

IDS = [7, 291, 0, 33, 258]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A model that transformers saved, and the same here."""
    folder = tmp_path_factory.mktemp("saved")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_layer=3,
        n_head=2,
        n_embd=32,
        n_positions=48,
        vocab_size=300,
        bos_token_id=299,
        eos_token_id=299,
    )
    theirs = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(1.0 if parameter.ndim == 1 else 0.0, 0.2)
    theirs.save_pretrained(folder)
    return theirs, GPT2.from_pretrained(folder, device="cpu")


def test_logits(pair):
    theirs, ours = pair
    with torch.no_grad():
        expected = theirs(torch.tensor([IDS])).logits[0].double().numpy()
    judge.assert_close(ours(IDS), expected)
    assert np.array_equal(ours(torch.tensor(IDS)), ours(IDS))  # a tensor is an array


def test_greedy_tokens(pair):
    theirs, ours = pair
    expected = theirs.generate(
        torch.tensor([IDS]),
        attention_mask=torch.ones(1, len(IDS)),
        max_new_tokens=30,
        do_sample=False,
        pad_token_id=0,
    )
    assert ours.generate(IDS, max_new_tokens=30, do_sample=False) == expected[0].tolist()


def test_names_of_options(pair):
    """What both take is called the same."""
    import inspect

    theirs, ours = pair
    names = set(inspect.signature(GPT2.generate).parameters)
    both = {"max_new_tokens", "do_sample", "temperature", "top_k", "top_p", "eos_token_id"}
    assert both <= names and all(hasattr(theirs.generation_config, name) for name in both)
    for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "eos_token_id"):
        assert getattr(ours.config, name) == getattr(theirs.config, name)


def test_loss(pair):
    theirs, ours = pair
    from lowering_gpt2 import Error

    with pytest.raises(Error):  # no tokenizer was saved
        ours.loss("Once")
    logits = judge.softmax(ours(IDS).astype(float))
    mine = -np.log(logits[np.arange(4), IDS[1:]]).mean()
    with torch.no_grad():
        assert theirs(torch.tensor([IDS]), labels=torch.tensor([IDS])).loss.item() == pytest.approx(
            mine, abs=1e-4
        )
