# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model that a chapter of the book has compiled."""

from __future__ import annotations

import codecs
import logging
import os
import statistics
from typing import Any, Iterator, Literal, Mapping, Sequence, overload

import numpy as np

from . import _core
from ._core import Error
from .arguments import Ids, Prompt, Text, bytes_of, path_of, text_of, token_ids
from .session import Batch, Session

log = logging.getLogger("lowering_gpt2")


def chapters() -> dict[str, str]:
    """The book's chapters by name, each with what a reader finds in it."""
    return dict(_core.chapters())


class GPT2:
    """A GPT-2, compiled by a chapter of "Lowering GPT-2".

    Where it comes from
      GPT2.from_pretrained(model)   the model's weights, the chapter's program
      GPT2.compile(model, sources=, pipeline=, schedule=)
                                    the same with texts of your own in it

    What it computes
      model.generate("Once")        a text, continued; stream=True: as it comes
      model(ids)                    logits, float32 (T, V)
      model.session(), .batch()     texts that grow, each token computed once
      model.loss(text)              nats a token
      model.encode(text), .decode(ids)   text to token ids, and back

    Looking at it
      model.ir("bufferized", kernel="gelu")   the program in a state
      model.states                  the names of the states
      model.explain("gelu")         what each pass makes of a kernel, as diffs
      model.score(tokens=64)        what the program does, counted
      model.timings                 what compiling, loading, a text took
      model.sources, .pipeline, .schedule     the texts it was compiled from
      model.config, .chapter, .device, .weights, .kv, .threads

    Whatever cannot be done raises lowering_gpt2.Error, whose message says what
    was found, what was expected and what to do next; Ctrl-C stops what computes
    at its next token. Other Python threads run meanwhile. Threads may share a
    model: each call waits for those before it. Two models run side by side.
    """

    def __init__(self, core: _core.Model, name: str):
        """See from_pretrained() and compile()."""
        self._core = core
        self._name = name
        self._config = core.config
        self._last: _core.Stream | None = None

    @classmethod
    def from_pretrained(
        cls,
        model: Text | None = None,
        *,
        chapter: str | None = None,
        device: str | None = None,
        chip: str | None = None,
        weights: str = "f32",
        kv: str | None = None,
        threads: int = 1,
        cache_dir: Text | None = None,
        no_cache: bool = False,
    ) -> GPT2:
        """Compiles a chapter's program for a model, and loads the model.

        model      a folder with config.json and model.safetensors, a file
                   .safetensors or llm.c's .bin, the name of a model that
                   `./tutorial fetch` has brought, such as "gpt2", or
                   "random-124m" (default: the small one of the repository)
        chapter    such as "ch03-fusion", see chapters() (default: the last that
                   runs on the CPU)
        device     "cpu", "cuda", "hip" or "emulator" (default: a GPU if there
                   is one, else the CPU, else the emulator)
        chip       what GPU to compile for, such as "sm_90" or "gfx942"
        weights    how matrices are kept: "f32", in some chapters "bf16", half
                   the bytes, or "int8", a quarter
        kv         how keys and values are kept: "f32" or "bf16", in chapters
                   that keep them
        threads    how many divide loops, in chapters whose loops are divided
        cache_dir  where compiled programs are kept (default:
                   ~/.cache/lowering-gpt2)
        no_cache   compile anew, keep nothing

        Raises Error if there is no such model, it cannot be read, or the
        chapter cannot do what is asked.
        """
        return cls.compile(
            model,
            chapter=chapter,
            device=device,
            chip=chip,
            weights=weights,
            kv=kv,
            threads=threads,
            cache_dir=cache_dir,
            no_cache=no_cache,
        )

    @classmethod
    def compile(
        cls,
        model: Text | None = None,
        *,
        sources: Mapping[str, Text] | None = None,
        pipeline: Text | None = None,
        schedule: Text | None = None,
        chapter: str | None = None,
        device: str | None = None,
        chip: str | None = None,
        weights: str = "f32",
        kv: str | None = None,
        threads: int = 1,
        cache_dir: Text | None = None,
        no_cache: bool = False,
    ) -> GPT2:
        """As from_pretrained(), with texts of your own in the place of the
        chapter's; each is a str, or a file as a pathlib.Path.

        sources    MLIR texts by the names of the chapter's files: {"gelu.mlir":
                   text}. model.sources has the chapter's.
        pipeline   stages and their passes, as model.pipeline has them
        schedule   in the transform dialect, in chapters with schedules, as
                   model.schedule has it

        Raises Error, with MLIR's diagnostics, if a text does not parse, does
        not fit the others, or a pass fails.
        """
        options = _core.Options(device, chip, weights, kv, threads, path_of(cache_dir), no_cache)
        texts = {
            name: text_of(f"sources[{name!r}]", text) for name, text in (sources or {}).items()
        }
        name = path_of(model)
        core = _core.Model(
            _core.embedded_model() if name is None else name,
            chapter or "",
            options,
            texts,
            None if pipeline is None else text_of("pipeline", pipeline),
            None if schedule is None else text_of("schedule", schedule),
        )
        if core.note:
            log.info(core.note)
        return cls(core, "fairy-tales" if name is None else name)

    @property
    def config(self) -> _core.Config:
        """The model's sizes, by transformers' names: n_layer, n_head, n_embd,
        n_positions (tokens of a text at most), vocab_size, bos_token_id, eos_token_id;
        parameters counts the weights."""
        return self._config

    @property
    def chapter(self) -> str:
        """The chapter's name."""
        return self._core.chapter

    @property
    def device(self) -> str:
        """Where it runs, in words: "CPU", or a GPU's name and driver."""
        return self._core.device

    @property
    def weights(self) -> str:
        """How matrices are kept: "f32", "bf16" or "int8"."""
        return self._core.weights

    @property
    def kv(self) -> str | None:
        """How keys and values are kept; None if they are not."""
        return self._core.kv

    @property
    def threads(self) -> int:
        """How many threads divide its loops."""
        return self._core.threads

    def __repr__(self) -> str:
        return (
            f"GPT2({self._name!r}, chapter={self.chapter!r}, device={self.device!r}, "
            f"weights={self.weights!r}, kv={self.kv!r}, threads={self.threads})"
        )

    def __call__(self, ids: Ids) -> np.ndarray:
        """The logits that follow each of `ids`, float32 (T, V).

        ids: 1 to n_positions token ids, as a list, a range or an array of
        int32 or int64. Raises Error for an id outside the vocabulary, or too
        many of them.
        """
        ids = token_ids(ids, self._config.vocab_size)
        logits = np.empty((len(ids), self._config.vocab_size), np.float32)
        self._core.logits(ids, logits)
        return logits

    def encode(self, text: str | bytes) -> list[int]:
        """The token ids of a text. Raises Error if the model has no tokenizer."""
        return self._core.encode(bytes_of(text))

    def decode(self, ids: Ids) -> str:
        """The text of token ids; bytes that are not UTF-8 become U+FFFD."""
        return self._core.decode(token_ids(ids, self._config.vocab_size)).decode(errors="replace")

    def loss(self, text: str | bytes) -> float:
        """How well the model predicts a text: the mean of -ln p(token) over its
        tokens but the first, in nats. Raises Error if there are fewer than
        two."""
        return self._core.loss(bytes_of(text))

    def session(self, ids: Ids = ()) -> Session:
        """A text that grows, empty or with `ids`: see Session."""
        session = Session(self)
        if len(ids):
            session.extend(ids)
        return session

    def batch(self, texts: Sequence[Session | Prompt]) -> Batch:
        """Texts that grow together: see Batch. Each is a session, or what one
        starts with: text, bytes or token ids."""
        return Batch(
            self, [t if isinstance(t, Session) else self.session(self._ids(t)) for t in texts]
        )

    def _ids(self, prompt: Prompt) -> list[int]:
        if isinstance(prompt, (str, bytes)):
            return self.encode(prompt)
        return [int(token) for token in token_ids(prompt, self._config.vocab_size)]

    @overload
    def generate(
        self, prompt: str | bytes = ..., *, stream: Literal[False] = ..., **options: Any
    ) -> str: ...
    @overload
    def generate(
        self, prompt: str | bytes = ..., *, stream: Literal[True], **options: Any
    ) -> Iterator[str]: ...
    @overload
    def generate(self, prompt: list[str], **options: Any) -> list[str]: ...
    @overload
    def generate(self, prompt: Ids, *, stream: Literal[True], **options: Any) -> Iterator[int]: ...
    @overload
    def generate(
        self, prompt: Ids, *, stream: Literal[False] = ..., **options: Any
    ) -> list[int]: ...

    def generate(  # type: ignore[misc]
        self,
        prompt: Any = "",
        *,
        max_new_tokens: int = 100,
        do_sample: bool = True,
        temperature: float = 0.8,
        top_k: int = 40,
        top_p: float = 1.0,
        seed: int = 1,
        eos_token_id: int | Sequence[int] | Literal["model"] | None = "model",
        context: str = "stop",
        return_full_text: bool = True,
        stream: bool = False,
    ) -> Any:
        """Continues a prompt; with the same seed, as the chapters' programs do.

        prompt          text, bytes, or token ids; or a list of texts, which are
                        continued side by side, in one step each
        max_new_tokens  stop after so many
        do_sample       False: always the most likely token
        temperature     divide logits by it; 0 is as do_sample=False
        top_k           choose among the k most likely; 0 is all
        top_p           among the most likely that together reach probability p
        seed            of the random numbers; in a list, text i has seed + i
        eos_token_id    the id, or ids, that end the text: "model": the model's,
                        None: none, go on
        context         when the text is n_positions tokens long: "stop", or
                        "slide": go on behind the newest half of it
        return_full_text  False: without the prompt
        stream          True: an iterator, over pieces of text as they come (a
                        piece ends where a character does), or over token ids

        Returns text for text (bytes that are not UTF-8 become U+FFFD), token
        ids for token ids. Raises Error if an option is out of its range or the
        prompt is longer than n_positions tokens.
        """
        if not 0 <= seed < 2**64:
            raise Error(f"seed is {seed}; expected 0 to 2**64 - 1")
        options = _core.Generating(
            max_new_tokens, temperature if do_sample else 0.0, top_k, top_p, seed, context
        )
        ends: list[int] | None = None
        if eos_token_id is None:
            ends = []
        elif not isinstance(eos_token_id, str):
            ends = np.atleast_1d(eos_token_id).tolist()
        elif eos_token_id != "model":
            raise Error(f'eos_token_id is {eos_token_id!r}; expected an id, ids, "model" or None')

        if isinstance(prompt, list) and prompt and isinstance(prompt[0], (str, bytes)):
            if stream:
                raise Error("stream goes with one prompt")
            made = _core.continue_together(
                self._core, [self.encode(p) for p in prompt], options, ends
            )
            return [
                (bytes_of(p) * return_full_text + self._core.decode(ids)).decode(errors="replace")
                for p, ids in zip(prompt, made)
            ]
        ids = self._ids(prompt)
        is_text = isinstance(prompt, (str, bytes))
        tokens = _core.Stream(self._core, ids, options, ends, is_text)
        self._last = tokens
        if is_text:
            start = bytes_of(prompt) if return_full_text else b""
            if stream:
                return self._pieces(start, tokens)
            return (start + self._core.decode(list(tokens))).decode(errors="replace")
        given = ids if return_full_text else []
        return self._tokens(given, tokens) if stream else given + list(tokens)

    def _pieces(self, start: bytes, tokens: _core.Stream) -> Iterator[str]:
        """Text as it comes: bytes of a character that is not whole wait."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        if piece := decoder.decode(start):
            yield piece
        for token in tokens:
            if piece := decoder.decode(self._core.decode([token])):
                yield piece
        if piece := decoder.decode(b"", final=True):
            yield piece

    def _tokens(self, start: list[int], tokens: _core.Stream) -> Iterator[int]:
        yield from start
        yield from tokens

    @property
    def states(self) -> list[str]:
        """The names that ir() takes, in the order in which they come about."""
        return self._core.states()

    def ir(self, state: str, kernel: str | None = None) -> str:
        """The program in a state between text and assembly, see `states`: all
        of it, or one kernel alone. Raises Error, with the names, if there is no
        such state or kernel."""
        return self._core.ir(state, kernel)

    def explain(self, kernel: str) -> str:
        """What each pass makes of one kernel, as differences of text."""
        return self._core.explain(kernel)

    def score(self, tokens: int = 64, *, cache_kib: float = 1024) -> _core.Scores:
        """What the program does for a prompt of `tokens` tokens, and for the
        token after it, counted in its loops: `.prompt` and `.next` have flops,
        bytes_read, bytes_written, temporaries, ...; printed, it is a table. A
        cache of `cache_kib` KiB is taken to lie before memory."""
        return self._core.score(tokens, 1024 * cache_kib)

    @property
    def timings(self) -> dict[str, Any]:
        """Seconds: "compile" and whether it was "from_cache", "load"; and of the
        last text that was continued alone, "first_token", "per_token" (the
        median of those after it) and, of all its "steps", what went into
        "in_compiled_code"."""
        compile_seconds, from_cache, load = self._core.times()
        timings: dict[str, Any] = {
            "compile": compile_seconds,
            "from_cache": from_cache,
            "load": load,
        }
        if self._last is not None and (steps := self._last.step_seconds):
            timings["first_token"] = steps[0]
            if len(steps) > 1:
                timings["per_token"] = statistics.median(steps[1:])
            timings["steps"] = steps
            timings["in_compiled_code"] = self._last.model_seconds
        return timings

    @property
    def sources(self) -> dict[str, str]:
        """The MLIR texts that it was compiled from, by the names of their
        files: the skeleton, gpt2.mlir, and the kernels."""
        return self._core.sources()

    @property
    def pipeline(self) -> str:
        """Its stages and their passes, as text."""
        return self.ir("pipeline")

    @property
    def schedule(self) -> str | None:
        """Its schedule, a text in the transform dialect; None if it has none."""
        return self._core.schedule()
