"""Each checkpoint judged by what its SQL returns, and the choice of the best."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.evaluate.predictions import MAX_TOKENS, Predictions, open_scorer, predict

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example
    from t2sql.generate import Backend

Progress = Callable[[int, int, str], None]

LARGE = 4 << 30
"""Above so many bytes of float32 weights, a checkpoint is scored at Q8_0 instead of F16."""


@dataclass(frozen=True)
class CheckpointScore:
    """A checkpoint's answers (the base model's when `adapter` is None). `weights` is the precision they were
    given in; `seconds` is all that it took, of which `ready_seconds` went by before the first question."""

    adapter: Path | None
    predictions: Predictions
    weights: str
    device: str
    ready_seconds: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Its line in results."""
        summary = self.predictions.summary
        return {
            "n": summary.n,
            "correct": summary.correct,
            "accuracy": summary.accuracy,
            "interval": list(summary.interval),
            "exact": summary.exact,
            "logical": summary.logical,
            "valid": summary.valid,
            "measure": summary.measure,
            "kill_rate": summary.kill_rate,
            "classes": summary.classes,
            "backend": self.predictions.backend,
            "device": self.device,
            "weights": self.weights,
            "seconds": self.seconds,
            "answer_seconds": self.predictions.seconds,
        }


def score_checkpoints(
    model: str | Path,
    adapters: Sequence[Path | None],
    dataset: Dataset,
    examples: Sequence[Example],
    *,
    type: str | None = None,
    max_tokens: int = MAX_TOKENS,
    grammar: bool = False,
    progress: Progress | None = None,
) -> Iterator[CheckpointScore]:
    """Have each adapter (None: the base model) answer the examples, by the fastest way that gives its own
    answers: on the CPU llama.cpp with parallel slots, elsewhere, and for a model that has no GGUF
    family, MLX in batches.

    With `grammar` every answer is a statement over its question's tables.

    In llama.cpp the sum of base and adapter is a file of `type`: by default F16, and Q8_0 for a large model.
    """
    opener = _Files(model, type) if _is_for_llama(model) else _InMlx(model)
    prompts = [example.prompt for example in examples]
    total = len(adapters) * len(examples)
    for at, adapter in enumerate(adapters):
        began = time.perf_counter()
        with opener.open(adapter, prompts, max_tokens) as backend:
            ready = time.perf_counter() - began
            part = _part(progress, at * len(examples), total)
            predictions = predict(
                backend, dataset, list(examples), max_tokens=max_tokens, grammar=grammar, progress=part
            )
        seconds = time.perf_counter() - began
        yield CheckpointScore(adapter, predictions, backend.weights, backend.device, ready, seconds)


class _Files:
    """Each checkpoint as a GGUF file, in llama.cpp."""

    def __init__(self, model: str | Path, type: str | None) -> None:
        from t2sql.fuse import Adapted

        self.adapted = Adapted(model)
        self.type = type or ("f16" if self.adapted.bytes <= LARGE else "q8_0")

    @contextmanager
    def open(self, adapter: Path | None, prompts: Sequence[str], max_tokens: int) -> Iterator[Backend]:
        with (
            self.adapted.gguf(adapter, self.type) as file,
            closing(open_scorer(str(file), "llama", prompts, max_tokens=max_tokens)) as backend,
        ):
            yield backend


class _InMlx:
    """Base and adapter side by side, in MLX."""

    def __init__(self, model: str | Path) -> None:
        self.model = str(model)

    @contextmanager
    def open(self, adapter: Path | None, prompts: Sequence[str], max_tokens: int) -> Iterator[Backend]:
        with closing(
            open_scorer(self.model, "mlx", prompts, max_tokens=max_tokens, adapter=adapter)
        ) as backend:
            yield backend


def _is_for_llama(model: str | Path) -> bool:
    from t2sql.gguf import supported_architectures
    from t2sql.models import directory
    from t2sql.runtimes import device

    if device() != "cpu":
        return False
    config = json.loads((directory(model) / "config.json").read_text(encoding="utf-8"))
    return bool(set(config.get("architectures") or ()) & set(supported_architectures()))


def _part(progress: Progress | None, done: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda at, of, label: progress(done + at, total, label)
