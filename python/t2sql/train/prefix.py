"""The frozen layers' output, computed once per example and kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from t2sql.runtimes import mx
from t2sql.train.batches import Batch, Encoded, collate
from t2sql.train.network import Network
from t2sql.train.store import Store


class PrefixCache:
    """Hidden states before layer `start` for the examples of a split.

    Each example belongs to one group, whose states are computed together when the first of them is asked
    for. What an example's states are, to the last bit, then does not depend on when they were computed.
    `memory` and `disk` are bytes; NoRoom when they are too few.
    """

    def __init__(
        self,
        network: Network,
        examples: Sequence[Encoded],
        groups: list[list[int]],
        start: int,
        *,
        memory: float,
        disk: float = 0.0,
    ) -> None:
        self.network = network
        self.examples = examples
        self.start = start
        self._group_of = {i: group for group in groups for i in group}
        probe = network.embed(mx.array([[0]]))
        self._type = probe.dtype
        # NumPy has no bfloat16: its bits are kept.
        self._kept_as = mx.uint16 if self._type == mx.bfloat16 else self._type
        kept = np.dtype(str(self._kept_as).rsplit(".", 1)[-1])
        self._states = Store(
            [e.length for e in examples], int(probe.shape[-1]), kept, memory=memory, disk=disk
        )
        self._asked = self._hits = 0

    @property
    def memory_bytes(self) -> int:
        return self._states.memory_bytes

    @property
    def disk_bytes(self) -> int:
        return self._states.disk_bytes

    def __len__(self) -> int:
        return len(self._states)

    def take_hits(self) -> float:
        """Which share of the examples asked for since the last call had been computed before."""
        share = self._hits / self._asked if self._asked else 0.0
        self._asked = self._hits = 0
        return share

    def batch(self, indices: Sequence[int], batch: Batch) -> mx.array:
        """States of a batch, laid out like its ids."""
        self._asked += len(indices)
        self._hits += sum(i in self._states for i in indices)
        for i in indices:
            if i not in self._states:
                self._fill(self._group_of[i])
        if batch.spans is not None:
            parts = [self._states[indices[span.example]][span.start : span.stop] for span in batch.spans]
            return mx.array(np.concatenate(parts)[None]).view(self._type)
        first = self._states[indices[0]]
        out = np.zeros((*batch.ids.shape, first.shape[-1]), dtype=first.dtype)
        for row, i in enumerate(indices):
            out[row, : self.examples[i].length] = self._states[i]
        return mx.array(out).view(self._type)

    def _fill(self, group: list[int]) -> None:
        ids = mx.array(collate([self.examples[i] for i in group]).ids)
        h = self.network.run(self.network.embed(ids), 0, self.start)
        held = np.array(h.astype(self._type).view(self._kept_as))
        for row, i in enumerate(group):
            self._states[i] = held[row, : self.examples[i].length]
