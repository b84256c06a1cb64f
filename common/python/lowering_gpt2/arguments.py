# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Python's users give, as C++ takes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence, Union

import numpy as np

from ._core import Error

#: Token ids: a list, a range, an array of whole numbers of one dimension.
Ids = Union[Sequence[int], range, np.ndarray]
#: What a text is continued from: text, its bytes, or token ids.
Prompt = Union[str, bytes, Ids]
#: A text, or the file that holds it.
Text = Union[str, "os.PathLike[str]"]


def token_ids(ids: Ids | int, vocab_size: int) -> np.ndarray:
    """`ids` as int32, (T,), contiguous; one id alone is (1,).

    Raises TypeError unless they are whole numbers, and Error unless they are in
    one dimension and in the vocabulary, of ids 0 to `vocab_size` - 1.
    """
    array = np.asarray(ids)
    if array.dtype == np.int32 and array.ndim == 1:  # C++ checks the range
        return np.ascontiguousarray(array)
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim != 1:
        raise Error(
            f"token ids have the shape {array.shape}; expected one dimension, (T,): "
            "for several texts at once see batch()"
        )
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"token ids are of the type {array.dtype}; expected whole numbers, as int32 or int64"
        )
    outside = (array < 0) | (array >= vocab_size)
    if outside.any():
        at = int(outside.argmax())
        raise Error(
            f"token {at + 1} of the prompt has id {array[at]}; "
            f"the vocabulary has ids 0 to {vocab_size - 1}"
        )
    return np.ascontiguousarray(array, np.int32)


def text_of(name: str, text: Text) -> str:
    """A text that is given as such, or in a file as an os.PathLike."""
    if isinstance(text, os.PathLike):
        return Path(text).read_text()
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a text, or a pathlib.Path of a file; found {type(text)}")
    if "\n" not in text:
        raise Error(
            f"{name}: expected a text of several lines, found {text!r}; "
            "give a file as a pathlib.Path"
        )
    return text


def bytes_of(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def path_of(path: Text | None) -> str | None:
    return None if path is None else os.fspath(path)
