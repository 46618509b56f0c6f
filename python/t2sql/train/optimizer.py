"""The optimizer of a run; on the processor AdamW's arithmetic is one pass in Rust."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from t2sql import _core
from t2sql.runtimes import Array, mx, optimizers, policy, tree_flatten, tree_unflatten
from t2sql.train.config import TrainConfig

_CLIPPING_EPS = 1e-6
"""What MLX's `clip_grad_norm` adds to the norm that it divides by."""


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
    """MLX's AdamW with the same state, for the processor: all parameters in one pass, on all cores."""

    def apply_gradients(self, gradients: Any, parameters: Any) -> Any:
        """MLX's method: trees of gradients and parameters in, the tree of new parameters out."""
        return self.apply_clipped(gradients, parameters, math.inf)[0]

    def apply_clipped(self, gradients: Any, parameters: Any, max_norm: float) -> tuple[Any, Array]:
        """Clip the gradients and update.

        Args:
            gradients: A tree of gradients.
            parameters: The tree of the parameters that they are of.
            max_norm: The norm that the gradients are clipped to; infinity clips nothing.

        Returns:
            The tree of new parameters, and the norm of the gradients before clipping, a scalar.
        """
        slopes, values = dict(tree_flatten(gradients)), dict(tree_flatten(parameters))
        if any(array.dtype != mx.float32 for name in slopes for array in (slopes[name], values[name])):
            clipped, norm = optimizers.clip_grad_norm(gradients, max_norm)
            return super().apply_gradients(clipped, parameters), norm
        if not self._initialized:
            self.init(gradients)
        arrays = [np.ascontiguousarray(slope) for slope in slopes.values()]
        length = _core.gradient_norm(arrays)
        self.state["step"] = self.step + 1
        update = _core.AdamW(
            learning_rate=self.learning_rate.item(),
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            step=int(self.step.item()),
        )
        moments = [_leaf(self.state, name) for name in slopes]
        given = [
            (np.ascontiguousarray(values[name]), slope, np.asarray(of["m"]), np.asarray(of["v"]))
            for name, slope, of in zip(slopes, arrays, moments, strict=True)
        ]
        scale = min(1.0, max_norm / (length + _CLIPPING_EPS))
        updated = []
        for name, of, result in zip(slopes, moments, update.apply(given, scale), strict=True):
            value, of["m"], of["v"] = (mx.array(x.reshape(values[name].shape)) for x in result)
            updated.append((name, value))
        return tree_unflatten(updated), mx.array(length)


def _leaf(tree: Any, name: str) -> Any:
    """What a tree of dicts and lists holds under a name with dots."""
    for part in name.split("."):
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    return tree
