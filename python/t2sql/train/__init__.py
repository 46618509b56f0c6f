"""The LoRA loop, its checkpoints, and going on from them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.train.config import FREE_SETTINGS, TrainConfig
    from t2sql.train.launch import launched
    from t2sql.train.loop import TrainResult, follow, train
    from t2sql.train.saved import (
        CheckpointInfo,
        adapter_path,
        best_step,
        checkpoints,
        choose,
        mark_best,
        min_logprob,
    )

_EXPORTS = {
    "FREE_SETTINGS": "config",
    "CheckpointInfo": "saved",
    "TrainConfig": "config",
    "TrainResult": "loop",
    "adapter_path": "saved",
    "best_step": "saved",
    "checkpoints": "saved",
    "choose": "saved",
    "mark_best": "saved",
    "min_logprob": "saved",
    "follow": "loop",
    "launched": "launch",
    "train": "loop",
}

__all__ = [
    "FREE_SETTINGS",
    "CheckpointInfo",
    "TrainConfig",
    "TrainResult",
    "adapter_path",
    "best_step",
    "checkpoints",
    "choose",
    "follow",
    "launched",
    "mark_best",
    "min_logprob",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.train.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.train' has no attribute {name!r}")
