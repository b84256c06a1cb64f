# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts that grow: each token is computed once, if the chapter keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

import numpy as np

from . import _core
from .arguments import Ids, token_ids

if TYPE_CHECKING:
    from .model import GPT2


class Session:
    """A text that grows, as token ids: what GPT2.session() gives.

    From chapter 5 on, keys and values of its tokens are kept (in memory of the
    device, for up to n_positions tokens), so only what is new is computed; the
    chapters before compute everything again, with the same results.

    Sessions keep their model alive. Threads may share one: each call waits for
    those before it. Close it, or leave a `with` block, to give its memory to
    the next; Python does so when it is no longer used.
    """

    def __init__(self, model: GPT2, core: _core.Session | None = None):
        self.model = model
        self._vocab_size = model.config.vocab_size
        self._core = _core.Session(model._core) if core is None else core

    @property
    def tokens(self) -> list[int]:
        """The ids so far."""
        return self._core.tokens()

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return f"<Session of {len(self)} tokens, {self.model!r}>"

    def extend(self, ids: Ids | int, *, all_positions: bool = False) -> np.ndarray:
        """Adds token ids, one or more, and returns the logits that follow.

        Returns float32 (V,), behind the last id; with `all_positions` (T, V),
        behind each. Raises Error, and stays as it is, if an id is not in the
        vocabulary or the text gets longer than n_positions tokens.
        """
        ids = token_ids(ids, self._vocab_size)
        rows = len(ids) if all_positions else 1
        logits = np.empty((rows, self._vocab_size), np.float32)
        self._core.extend(ids, logits)
        return logits if all_positions else logits[0]

    def choose(self, ids: Ids | int) -> int:
        """Adds token ids as extend() does, and returns the most likely id to
        follow; on a GPU, logits need not leave it for that."""
        return self._core.choose(token_ids(ids, self._vocab_size))

    def fork(self, length: int | None = None) -> Session:
        """Another session that starts with the first `length` tokens (all, if
        nothing is said) of this one; what is kept of them is copied."""
        return Session(self.model, _core.Session(self._core, length))

    def truncate(self, length: int) -> None:
        """Forgets what is behind the first `length` tokens. Raises Error if
        there are not so many."""
        self._core.truncate(length)

    def close(self) -> None:
        """Gives its memory back; it can do nothing any more."""
        self._core.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Batch:
    """Sessions that grow together: what GPT2.batch() gives. In a step, all of
    them pass through the weights at once, so many texts cost little more than
    one."""

    def __init__(self, model: GPT2, sessions: Iterable[Session]):
        self.model = model
        self.sessions = list(sessions)

    def __len__(self) -> int:
        return len(self.sessions)

    def extend(self, ids: Ids) -> np.ndarray:
        """Adds ids[i], one for each, to sessions[i] and returns the logits that
        follow, float32 (N, V). Raises Error, and nothing has changed, if an id
        or a length is wrong."""
        vocab_size = self.model.config.vocab_size
        ids = token_ids(ids, vocab_size)
        logits = np.empty((len(self.sessions), vocab_size), np.float32)
        cores = [session._core for session in self.sessions]
        _core.extend_together(self.model._core, cores, ids, logits)
        return logits
