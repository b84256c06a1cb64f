# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that differ from GPT-2, in every chapter, beside transformers."""

import lowering_gpt2
import numpy as np
import pytest
from lowering_gpt2 import GPT2

try:
    import torch
    import transformers
except ImportError:
    pytest.skip("NO TRANSFORMERS: nothing was compared with it", allow_module_level=True)

IDS = [7, 60, 0, 33, 58, 2, 2, 41, 19]
KINDS = {
    "untied": dict(tie_word_embeddings=False),
    "relu": dict(activation_function="relu", n_inner=40),
    "gelu": dict(activation_function="gelu", layer_norm_epsilon=1e-3),
    "scores": dict(scale_attn_by_inverse_layer_idx=True, scale_attn_weights=False),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    """A folder that transformers saved, and the logits that it computes."""
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(1)
    sizes = dict(n_layer=2, n_head=2, n_embd=32, n_positions=20, vocab_size=61)
    config = transformers.GPT2Config(**sizes, **KINDS[request.param])
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(1.0 if parameter.ndim == 1 else 0.0, 0.2)
        model.save_pretrained(folder, max_shard_size="20KB")
        logits = model.double()(torch.tensor([IDS])).logits[0].numpy()
    return folder, logits


@pytest.mark.parametrize("chapter", list(lowering_gpt2.chapters()))
def test_logits(kind, chapter):
    folder, expected = kind
    ours = GPT2.from_pretrained(folder, chapter=chapter)(IDS)
    assert np.abs(ours - expected).max() <= 1e-5 * np.abs(expected).max()
