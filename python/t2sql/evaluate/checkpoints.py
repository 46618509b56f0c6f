"""Checkpoints compared by their answers: each answers questions, and what its SQL returns is scored."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from t2sql.data import Dataset, Example
from t2sql.evaluate.predictions import (
    DEFAULT_OPTIONS,
    Predictions,
    PredictOptions,
    open_scorer,
    predict,
)
from t2sql.fuse import Adapted
from t2sql.generate import Backend
from t2sql.gguf import supported_architectures
from t2sql.models import ModelRef, directory
from t2sql.plain import parse_json
from t2sql.progress import Progress
from t2sql.runs import records
from t2sql.runtimes import policy

LARGE = 4 << 30
"""Bytes of float32 weights above which a checkpoint answers as Q8_0 instead of F16: a billion parameters,
whose F16 file takes 2 GiB to write and to read for each checkpoint."""


@dataclass(frozen=True)
class CheckpointScore:
    """A checkpoint's answers.

    Attributes:
        adapter: The checkpoint's directory; None is the base model.
        predictions: The answers with their scores.
        weights: The type that the weights had when it answered, such as "f16".
        device: What it ran on.
        ready_seconds: Wall-clock seconds before the first question: adding the adapter, writing the file and
            loading it.
        seconds: Wall-clock seconds of all of it, `ready_seconds` included.
    """

    adapter: Path | None
    predictions: Predictions
    weights: str
    device: str
    ready_seconds: float
    seconds: float

    def to_record(self, *, of: int | None = None) -> records.ValidationScore:
        """What a run records of it.

        Args:
            of: How many questions the split has; None leaves that out.
        """
        summary = self.predictions.summary
        return records.ValidationScore(
            n=summary.n,
            correct=summary.correct,
            accuracy=summary.accuracy,
            interval=summary.interval,
            exact=summary.exact,
            logical=summary.logical,
            valid=summary.valid,
            measure=summary.measure,
            kill_rate=summary.kill_rate,
            classes=summary.classes,
            backend=self.predictions.backend,
            device=self.device,
            weights=self.weights,
            seconds=self.seconds,
            answer_seconds=self.predictions.seconds,
            of=of,
            grammar=self.predictions.grammar,
        )


def score_checkpoints(
    model: ModelRef | str | Path,
    adapters: Sequence[Path | None],
    dataset: Dataset,
    examples: Sequence[Example],
    options: PredictOptions = DEFAULT_OPTIONS,
    *,
    gguf_type: str | None = None,
    progress: Progress | None = None,
) -> Iterator[CheckpointScore]:
    """Have each checkpoint answer questions, by the fastest way that gives its own answers.

    Which is fastest the device's policy says: llama.cpp with parallel slots, or MLX in batches, which also
    answers for a model that has no GGUF family.

    Args:
        model: The base model.
        adapters: The checkpoints' directories; None is the base model.
        dataset: Where the questions' databases are.
        examples: The questions.
        options: How they are asked.
        gguf_type: Type of the file that llama.cpp reads, base and adapter added; by default F16, and Q8_0 for
            a model above `LARGE`.
        progress: Called after each answer, with the answers of all checkpoints as the total.

    Yields:
        The score of each checkpoint, in order.

    Raises:
        InputError: The model or an adapter cannot be read; or as `predict` does.
        WorkError: The runtime failed.
    """
    scorer = _InLlama(model, gguf_type) if _is_for_llama(model) else _InMlx(model)
    prompts = [example.prompt for example in examples]
    total = len(adapters) * len(examples)
    for index, adapter in enumerate(adapters):
        began = time.perf_counter()
        with scorer.open(adapter, prompts, options.max_tokens) as backend:
            ready = time.perf_counter() - began
            part = _part(progress, index * len(examples), total)
            asked = replace(options, prompt_format=dataset.prompt_format) if adapter is None else options
            predictions = predict(backend, dataset, examples, asked, progress=part)
        seconds = time.perf_counter() - began
        yield CheckpointScore(adapter, predictions, backend.weights, backend.device, ready, seconds)


class _Scorer(Protocol):
    """Opens one base model with one adapter after another."""

    def open(
        self, adapter: Path | None, prompts: Sequence[str], max_tokens: int
    ) -> AbstractContextManager[Backend]: ...


class _InLlama:
    """Each checkpoint as a GGUF file, in llama.cpp."""

    def __init__(self, model: ModelRef | str | Path, gguf_type: str | None) -> None:
        self._adapted = Adapted(model)
        self._type = gguf_type or ("f16" if self._adapted.bytes <= LARGE else "q8_0")

    @contextmanager
    def open(self, adapter: Path | None, prompts: Sequence[str], max_tokens: int) -> Iterator[Backend]:
        with (
            self._adapted.gguf(adapter, self._type) as file,
            closing(open_scorer(file, "llama", prompts, max_tokens=max_tokens)) as backend,
        ):
            yield backend


class _InMlx:
    """Base and adapter side by side, in MLX."""

    def __init__(self, model: ModelRef | str | Path) -> None:
        self._model = model

    @contextmanager
    def open(self, adapter: Path | None, prompts: Sequence[str], max_tokens: int) -> Iterator[Backend]:
        with closing(
            open_scorer(self._model, "mlx", prompts, max_tokens=max_tokens, adapter=adapter)
        ) as backend:
            yield backend


def _is_for_llama(model: ModelRef | str | Path) -> bool:
    if policy().scores_in != "llama":
        return False
    config = parse_json((directory(model) / "config.json").read_text(encoding="utf-8"))
    return bool(set(config.get("architectures") or ()) & set(supported_architectures()))


def _part(progress: Progress | None, done_before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, of, what: progress(done_before + done, total, what)
