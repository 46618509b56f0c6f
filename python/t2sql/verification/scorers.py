"""A model that predicts every token of a text: a GGUF file in llama.cpp, or any model in MLX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from t2sql import models
from t2sql.errors import InputError, MissingPartError
from t2sql.gguf import FloatArray, read_config
from t2sql.runtimes import LlamaLogits, Module, mx
from t2sql.train import fast_exponentials

ScoreBackend = Literal["auto", "llama", "mlx"]
"""Where a file is run; `auto` is llama.cpp for a GGUF file where that can be had, and MLX for everything
else."""

SCORE_BACKENDS: tuple[ScoreBackend, ...] = get_args(ScoreBackend)
"""The names of these."""

_BLOCK_ROWS = 64
"""Rows of logits that MLX's scorer hands out at once, as llama.cpp's does."""


class Scorer(Protocol):
    """A model that is asked for all logits of a sequence.

    Attributes:
        runtime: What computes, for people.
        vocab_size: Tokens in the vocabulary.
        first_token: The token that every text begins with; None where the tokenizer adds none.
    """

    runtime: str
    vocab_size: int
    first_token: int | None

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, as it is read with nothing before it."""

    def logits(self, ids: Sequence[int], first: int) -> Iterator[FloatArray]:
        """The predictions after each token from `first` on, in blocks [64, vocab_size], the last shorter."""


@dataclass(frozen=True)
class ScoreOptions:
    """How a model is run to be scored.

    Attributes:
        context: Tokens of a chunk, each of which is predicted by itself.
        backend: Where it runs.
        threads: Threads of llama.cpp; by default one a core.
    """

    context: int = 512
    backend: ScoreBackend = "auto"
    threads: int | None = None


@contextmanager
def open_scorer(ref: models.ModelRef, options: ScoreOptions) -> Iterator[Scorer]:
    """Load a model for the length of a block.

    Raises:
        InputError: The file or the directory is not a model, llama.cpp is asked for and the model is no GGUF
            file, or the context is longer than the model's.
        MissingPartError: llama.cpp is asked for, and it is not installed or gives no logits.
        WorkError: There is not enough memory, or llama.cpp does not load the file.
    """
    most = _trained_context(ref)
    if most is not None and options.context > most:
        raise InputError(
            "the context is longer than the model's",
            where=ref.source,
            expected=f"at most {most} tokens",
            found=f"{options.context} tokens",
        )
    with _scorer(ref, options) as scorer:
        yield scorer


def _scorer(ref: models.ModelRef, options: ScoreOptions) -> AbstractContextManager[Scorer]:
    is_file = ref.kind == "gguf" and ref.adapter is None
    if options.backend == "llama" and not is_file:
        found = "a directory" if ref.kind == "directory" else "a GGUF file with an adapter"
        hint = "Take --backend mlx, or convert it first"
        raise InputError("llama.cpp scores GGUF files", where=ref.source, found=found, hint=hint)
    if is_file and options.backend != "mlx":
        try:
            return _LlamaScorer(ref, options)
        except MissingPartError:
            if options.backend == "llama":
                raise
    if ref.kind == "gguf":
        return nullcontext(_MlxScorer(models.load_gguf(ref, dtype="float32")))
    return nullcontext(_MlxScorer(models.load(ref, dtype="float32", quantized=False)))


def _trained_context(ref: models.ModelRef) -> int | None:
    """Tokens of the context that a model was made for; None where it does not say."""
    if ref.kind == "gguf":
        return models.gguf_facts(ref.path).context
    return read_config(ref.path / "config.json").integer("max_position_embeddings", default=0) or None


class _LlamaScorer(LlamaLogits):
    """A GGUF file in llama.cpp, with its default settings."""

    runtime = "llama.cpp"

    def __init__(self, ref: models.ModelRef, options: ScoreOptions) -> None:
        super().__init__(ref.path, context=options.context, threads=options.threads)


class _MlxScorer:
    """A model in MLX, its weights and its activations in float32."""

    runtime = "MLX"

    def __init__(self, loaded: models.Loaded) -> None:
        self._model: Module = loaded.model
        self._tokenizer = models.TextTokenizer(loaded.tokenizer)
        self.vocab_size = int(loaded.model.args.vocab_size)
        self.first_token = self._tokenizer.first_token

    def tokenize(self, text: str) -> list[int]:
        return self._tokenizer.tokenize(text)

    def logits(self, ids: Sequence[int], first: int) -> Iterator[FloatArray]:
        with fast_exponentials(self._model):
            rows = self._model(mx.array([list(ids)]))[0, first:]
        mx.eval(rows)
        for start in range(0, len(ids) - first, _BLOCK_ROWS):
            yield np.array(rows[start : start + _BLOCK_ROWS].astype(mx.float32))
