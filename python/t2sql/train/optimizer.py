"""The optimizer of a run; on the CPU device AdamW's arithmetic is one pass in Rust."""

from __future__ import annotations

from typing import Any

import numpy as np

from t2sql import _core
from t2sql.runtimes import device, mx, optimizers
from t2sql.train.config import TrainConfig


def make_optimizer(config: TrainConfig) -> Any:
    """MLX's optimizer of that name. The learning rate is set at every step; it only keeps its moments."""
    rate, decay, corrected = config.learning_rate, config.weight_decay, config.bias_correction
    match config.optimizer:
        case "adamw":
            native = corrected and device() == "cpu" and hasattr(_core, "AdamW")
            kind = NativeAdamW if native else optimizers.AdamW
            return kind(learning_rate=rate, weight_decay=decay, bias_correction=corrected)
        case "adam":
            return optimizers.Adam(learning_rate=rate, bias_correction=corrected)
        case "adafactor":
            # The rate is the schedule's: Adafactor would otherwise find one of its own.
            return optimizers.Adafactor(
                learning_rate=rate, weight_decay=decay, relative_step=False, scale_parameter=False
            )
        case "lion":
            return optimizers.Lion(learning_rate=rate, weight_decay=decay)
        case "muon":
            return optimizers.Muon(learning_rate=rate, weight_decay=decay)
        case "sgd":
            return optimizers.SGD(learning_rate=rate, weight_decay=decay)
        case name:
            return getattr(optimizers, _PLAIN[name])(learning_rate=rate)


_PLAIN = {"adamax": "Adamax", "adagrad": "Adagrad", "adadelta": "AdaDelta", "rmsprop": "RMSprop"}


class NativeAdamW(optimizers.AdamW):
    """MLX's AdamW with the same state; a dozen passes over memory in MLX are one here."""

    def apply_gradients(self, gradients: Any, parameters: Any) -> Any:
        self._settings = _core.AdamW(
            learning_rate=self.learning_rate.item(),
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            step=int(self.step.item()) + 1,
        )
        return super().apply_gradients(gradients, parameters)

    def apply_single(self, gradient: Any, parameter: Any, state: dict[str, Any]) -> Any:
        if parameter.dtype != mx.float32 or gradient.dtype != mx.float32:
            return super().apply_single(gradient, parameter, state)
        given = (np.ascontiguousarray(x) for x in (parameter, gradient, state["m"], state["v"]))
        updated = self._settings.apply(*given)
        value, state["m"], state["v"] = (mx.array(x.reshape(parameter.shape)) for x in updated)
        return value
