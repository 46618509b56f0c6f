"""The mean loss of a batch and its gradient, as one compiled function on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from t2sql.runtimes import Array, mx, nn, policy
from t2sql.train.batches import Batch
from t2sql.train.network import Network, Spans, segments_of

_TARGET_MULTIPLE = 256
"""What the number of targets is rounded up to where the function is compiled: each shape costs a second."""


class LossAndGradient:
    """A function of a batch: its mean loss, a scalar, and the trainable parameters' gradient, a tree."""

    def __init__(self, network: Network, start: int) -> None:
        """Prepare the function; nothing is compiled before the first batch.

        Args:
            network: The model.
            start: The layer that inputs are for.
        """
        self._network, self._start = network, start
        self._function = nn.value_and_grad(network.model, self._mean)
        self._compiled = None
        if policy().compiles:
            # Dropout draws from the random state.
            state = mx.random.state
            self._compiled = mx.compile(mx.value_and_grad(self._weighted), inputs=state, outputs=state)

    def __call__(self, inputs: Array, batch: Batch) -> tuple[Array, Any]:
        """Compute both; they are not evaluated yet.

        Args:
            inputs: What the network takes of the batch.
            batch: Where its targets are.
        """
        if self._compiled is None:
            positions, targets = mx.array(batch.positions), mx.array(batch.targets)
            # MLX types a transformed function's result as Any.
            segments = segments_of(batch)
            return self._function(inputs, positions, targets, batch.spans, segments)  # type: ignore[no-any-return]
        count = len(batch.targets)
        padding = (0, -count % _TARGET_MULTIPLE)
        weights = np.pad(np.full(count, 1 / count, dtype=np.float32), padding)
        arrays = (np.pad(batch.positions, padding), np.pad(batch.targets, padding), weights)
        parameters = self._network.model.trainable_parameters()
        segments = segments_of(batch)
        rows = [] if segments is None else [segments]
        result = self._compiled(parameters, inputs, *map(mx.array, arrays), *rows)
        # Compiling leaves the parameters of the function's graph in the model.
        self._network.model.update(parameters)
        return result

    def _mean(
        self, inputs: Array, positions: Array, targets: Array, spans: Spans, segments: Array | None
    ) -> Array:
        return self._network.losses(inputs, positions, targets, self._start, spans, segments).mean()

    def _weighted(
        self,
        parameters: Any,
        inputs: Array,
        positions: Array,
        targets: Array,
        weights: Array,
        segments: Array | None = None,
    ) -> Array:
        self._network.model.update(parameters)
        losses = self._network.losses(inputs, positions, targets, self._start, segments=segments)
        return (losses * weights).sum()
