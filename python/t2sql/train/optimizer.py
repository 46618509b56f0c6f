"""The optimizer of a run; on the CPU device AdamW's arithmetic is one pass in Rust."""

from __future__ import annotations

from typing import Any

import numpy as np

from t2sql import _core
from t2sql.models.runtime import device, mx, optimizers
from t2sql.train.config import TrainConfig


def make_optimizer(config: TrainConfig) -> Any:
    """The learning rate is set at every step; the optimizer only keeps its moments."""
    if config.optimizer == "adamw":
        kind = NativeAdamW if device() == "cpu" and hasattr(_core, "adamw") else optimizers.AdamW
        return kind(
            learning_rate=config.learning_rate, weight_decay=config.weight_decay, bias_correction=True
        )
    if config.optimizer == "adam":
        return optimizers.Adam(learning_rate=config.learning_rate, bias_correction=True)
    return optimizers.SGD(learning_rate=config.learning_rate, weight_decay=config.weight_decay)


class NativeAdamW(optimizers.AdamW):
    """MLX's AdamW with the same state; a dozen passes over memory in MLX are one here."""

    def apply_gradients(self, gradients: Any, parameters: Any) -> Any:
        self._now = {"rate": self.learning_rate.item(), "step": int(self.step.item()) + 1}
        return super().apply_gradients(gradients, parameters)

    def apply_single(self, gradient: Any, parameter: Any, state: dict[str, Any]) -> Any:
        if parameter.dtype != mx.float32 or gradient.dtype != mx.float32:
            return super().apply_single(gradient, parameter, state)
        given = (np.ascontiguousarray(x) for x in (parameter, gradient, state["m"], state["v"]))
        moved = _core.adamw(*given, betas=self.betas, eps=self.eps, decay=self.weight_decay, **self._now)
        value, state["m"], state["v"] = (mx.array(x.reshape(parameter.shape)) for x in moved)
        return value
