"""The frozen layers' output, computed once per example and kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from t2sql.models.runtime import mx
from t2sql.train.batches import Batch, Encoded, collate
from t2sql.train.network import Network


class PrefixCache:
    """Hidden states before layer `start` for the examples of a split.

    Each example belongs to one group, whose states are computed together when the first of them is asked
    for. What an example's states are, to the last bit, then does not depend on when they were computed.
    """

    def __init__(
        self, network: Network, examples: Sequence[Encoded], groups: list[list[int]], start: int
    ) -> None:
        self.network = network
        self.examples = examples
        self.start = start
        self._groups = groups
        self._group_of = {i: group for group in groups for i in group}
        self._states: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._states)

    def batch(self, indices: Sequence[int], batch: Batch) -> mx.array:
        """States of a batch, laid out like its ids."""
        for i in indices:
            if i not in self._states:
                self._fill(self._group_of[i])
        if batch.spans is not None:
            parts = [self._states[indices[span.example]][span.start : span.stop] for span in batch.spans]
            return mx.array(np.concatenate(parts)[None]).astype(self._dtype)
        first = self._states[indices[0]]
        out = np.zeros((*batch.ids.shape, first.shape[-1]), dtype=first.dtype)
        for row, i in enumerate(indices):
            out[row, : self.examples[i].length] = self._states[i]
        return mx.array(out).astype(self._dtype)

    def _fill(self, group: list[int]) -> None:
        ids = mx.array(collate([self.examples[i] for i in group]).ids)
        h = self.network.run(self.network.embed(ids), 0, self.start)
        self._dtype = h.dtype
        # NumPy has no bfloat16; every one is a float32.
        held = np.array(h.astype(mx.float32) if h.dtype == mx.bfloat16 else h)
        for row, i in enumerate(group):
            self._states[i] = held[row, : self.examples[i].length].copy()


def cache_bytes(examples: Sequence[Encoded], hidden: int) -> int:
    """What the states of all examples take."""
    return sum(e.length for e in examples) * hidden * 4
