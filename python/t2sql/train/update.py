"""Gradients into weights: clipping and the optimizer's update, as one compiled function on a GPU."""

from __future__ import annotations

import math
from typing import Any

from t2sql.models import flat
from t2sql.runtimes import Array, Module, mx, optimizers, policy
from t2sql.train.optimizer import NativeAdamW


class Update:
    """Clips gradients and applies an optimizer to a model's trainable parameters."""

    def __init__(self, model: Module, optimizer: optimizers.Optimizer, max_norm: float) -> None:
        """Prepare the function; nothing is compiled before the first step.

        Args:
            model: The model, with its adapter.
            optimizer: The optimizer, whose state is initialized, or restored.
            max_norm: The norm that gradients are clipped to; 0 clips nothing.
        """
        self._model, self._optimizer, self._max_norm = model, optimizer, max_norm
        self._function = self._updated
        if policy().compiles:
            self._function = mx.compile(self._updated, inputs=optimizer.state, outputs=optimizer.state)

    def apply(self, gradients: Any) -> Array:
        """Update the model.

        Args:
            gradients: A tree of gradients.

        Returns:
            Their norm before clipping, a scalar.
        """
        parameters, norm = self._function(gradients, self._model.trainable_parameters())
        self._model.update(parameters)
        return norm

    def _updated(self, gradients: Any, parameters: Any) -> tuple[Any, Array]:
        """The new parameters, and the norm of the gradients."""
        if isinstance(self._optimizer, NativeAdamW):
            return self._optimizer.apply_clipped(gradients, parameters, self._max_norm or math.inf)
        if self._max_norm:
            gradients, norm = optimizers.clip_grad_norm(gradients, self._max_norm)
        else:
            squares = ((g * g).sum() for g in flat(gradients).values())
            norm = mx.sqrt(sum(squares, start=mx.array(0.0)))
        return self._optimizer.apply_gradients(gradients, parameters), norm
