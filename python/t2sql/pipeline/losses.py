"""The loss of a model with or without an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.evaluate import LossResult


def measure(
    model: str,
    adapter: Path | None,
    examples: Sequence[Any],
    max_seq_length: int,
    *,
    text: bool = False,
    progress: Any = None,
) -> LossResult:
    from t2sql import evaluate, models

    loaded = models.load(model, adapter=adapter)
    return evaluate.measure_loss(
        loaded, examples, max_seq_length=max_seq_length, text=text, progress=progress
    )
