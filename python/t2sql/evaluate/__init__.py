"""Measuring: losses, scores of answers, predictions of a backend, and comparisons of model files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.evaluate.baseline import Baseline, common_shape_baseline
    from t2sql.evaluate.checkpoints import CheckpointScore, score_checkpoints
    from t2sql.evaluate.comparison import TUTORIAL_PROMPTS, Comparison, Row, compare
    from t2sql.evaluate.loss import LossResult, measure_checkpoints, measure_loss
    from t2sql.evaluate.pairs import Answers, Pair, pair
    from t2sql.evaluate.predictions import Predictions, open_scorer, predict, subset
    from t2sql.evaluate.scores import CLASSES, Scored, Summary, score, summarize
    from t2sql.evaluate.stats import Paired, mcnemar, paired, wilson
    from t2sql.evaluate.suite import Suite, suite_of
    from t2sql.evaluate.wikisql import Official, official_scores

_EXPORTS = {
    "Answers": "pairs",
    "Baseline": "baseline",
    "CheckpointScore": "checkpoints",
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
    "Pair": "pairs",
    "Official": "wikisql",
    "Suite": "suite",
    "pair": "pairs",
    "paired": "stats",
    "official_scores": "wikisql",
    "score_checkpoints": "checkpoints",
    "suite_of": "suite",
    "wilson": "stats",
}

__all__ = [
    "CLASSES",
    "TUTORIAL_PROMPTS",
    "Answers",
    "Baseline",
    "CheckpointScore",
    "Comparison",
    "LossResult",
    "Official",
    "Pair",
    "Paired",
    "Predictions",
    "Row",
    "Scored",
    "Suite",
    "Summary",
    "common_shape_baseline",
    "compare",
    "mcnemar",
    "measure_checkpoints",
    "measure_loss",
    "official_scores",
    "open_scorer",
    "pair",
    "paired",
    "predict",
    "score",
    "score_checkpoints",
    "subset",
    "suite_of",
    "summarize",
    "wilson",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.evaluate.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.evaluate' has no attribute {name!r}")
