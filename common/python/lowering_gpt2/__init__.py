# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2, lowered: the programs of "Lowering GPT-2" from Python.

    from lowering_gpt2 import GPT2
    model = GPT2.from_pretrained()              # the book's own small model
    print(model.generate("Once upon a time"))

help(GPT2) says what a model can do, chapters() which ones there are.
"""

from pathlib import Path

from . import _core

# An installed package has texts of its own; one that was built in the book's
# repository takes them from there, where they may be changed.
_texts = Path(__file__).parent / "texts"
if _texts.is_dir():
    _core.use_source(str(_texts))

from ._core import Error  # noqa: E402
from .model import GPT2, chapters  # noqa: E402
from .session import Batch, Session  # noqa: E402

__all__ = ["GPT2", "Session", "Batch", "Error", "chapters"]
