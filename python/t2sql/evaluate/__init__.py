"""Measuring: losses, scores of answers, predictions of a backend, and comparisons of model files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.evaluate.baseline import Baseline, common_shape_baseline
    from t2sql.evaluate.comparison import TUTORIAL_PROMPTS, Comparison, Row, compare
    from t2sql.evaluate.loss import LossResult, measure_checkpoints, measure_loss
    from t2sql.evaluate.predictions import Predictions, open_scorer, predict, subset
    from t2sql.evaluate.scores import CLASSES, Scored, Summary, score, summarize
    from t2sql.evaluate.stats import Paired, mcnemar, paired, wilson

_EXPORTS = {
    "Baseline": "baseline",
    "common_shape_baseline": "baseline",
    "Comparison": "comparison",
    "Row": "comparison",
    "TUTORIAL_PROMPTS": "comparison",
    "compare": "comparison",
    "LossResult": "loss",
    "measure_checkpoints": "loss",
    "measure_loss": "loss",
    "Predictions": "predictions",
    "open_scorer": "predictions",
    "predict": "predictions",
    "subset": "predictions",
    "CLASSES": "scores",
    "Scored": "scores",
    "Summary": "scores",
    "score": "scores",
    "summarize": "scores",
    "Paired": "stats",
    "mcnemar": "stats",
    "paired": "stats",
    "wilson": "stats",
}

__all__ = [
    "CLASSES",
    "TUTORIAL_PROMPTS",
    "Baseline",
    "Comparison",
    "LossResult",
    "Paired",
    "Predictions",
    "Row",
    "Scored",
    "Summary",
    "common_shape_baseline",
    "compare",
    "mcnemar",
    "measure_checkpoints",
    "measure_loss",
    "open_scorer",
    "paired",
    "predict",
    "score",
    "subset",
    "summarize",
    "wilson",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.evaluate.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.evaluate' has no attribute {name!r}")
