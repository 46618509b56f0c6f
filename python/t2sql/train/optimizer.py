"""The optimizer of a run; on the processor AdamW's arithmetic is one pass in Rust."""

from __future__ import annotations

from typing import Any

import numpy as np

from t2sql import _core
from t2sql.runtimes import Array, mx, optimizers, policy
from t2sql.train.config import TrainConfig


def make_optimizer(config: TrainConfig) -> optimizers.Optimizer:
    """MLX's optimizer of the configured name. The loop sets its learning rate at every step."""
    learning_rate, weight_decay = config.learning_rate, config.weight_decay
    match config.optimizer:
        case "adamw":
            native = config.bias_correction and policy().rust_layers and hasattr(_core, "AdamW")
            kind = NativeAdamW if native else optimizers.AdamW
            return kind(
                learning_rate=learning_rate,
                weight_decay=weight_decay,
                bias_correction=config.bias_correction,
            )
        case "adam":
            return optimizers.Adam(learning_rate=learning_rate, bias_correction=config.bias_correction)
        case "adafactor":
            # Without these two, Adafactor would choose a learning rate of its own.
            return optimizers.Adafactor(
                learning_rate=learning_rate,
                weight_decay=weight_decay,
                relative_step=False,
                scale_parameter=False,
            )
        case "lion":
            return optimizers.Lion(learning_rate=learning_rate, weight_decay=weight_decay)
        case "muon":
            return optimizers.Muon(learning_rate=learning_rate, weight_decay=weight_decay)
        case "sgd":
            return optimizers.SGD(learning_rate=learning_rate, weight_decay=weight_decay)
        case "adamax":
            return optimizers.Adamax(learning_rate=learning_rate)
        case "adagrad":
            return optimizers.Adagrad(learning_rate=learning_rate)
        case "adadelta":
            return optimizers.AdaDelta(learning_rate=learning_rate)
        case "rmsprop":
            return optimizers.RMSprop(learning_rate=learning_rate)


class NativeAdamW(optimizers.AdamW):
    """MLX's AdamW with the same state, for the processor: one pass over memory instead of a dozen."""

    def apply_gradients(self, gradients: Any, parameters: Any) -> Any:
        """MLX's method: trees of gradients and parameters in, the tree of new parameters out."""
        self._update = _core.AdamW(
            learning_rate=self.learning_rate.item(),
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            step=int(self.step.item()) + 1,
        )
        return super().apply_gradients(gradients, parameters)

    def apply_single(self, gradient: Array, parameter: Array, state: dict[str, Any]) -> Array:
        """MLX's method for one parameter: returns its new value and replaces the moments in `state`."""
        if parameter.dtype != mx.float32 or gradient.dtype != mx.float32:
            updated_by_mlx: Array = super().apply_single(gradient, parameter, state)
            return updated_by_mlx
        arrays = (np.ascontiguousarray(x) for x in (parameter, gradient, state["m"], state["v"]))
        updated = self._update.apply(*arrays)
        value: Array
        value, state["m"], state["v"] = (mx.array(x.reshape(parameter.shape)) for x in updated)
        return value
