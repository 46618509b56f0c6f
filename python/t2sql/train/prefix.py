"""The frozen layers' output, computed once for each example and cached."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from t2sql.runtimes import Array, mx
from t2sql.train.batches import Batch, collate
from t2sql.train.encoding import Encoded
from t2sql.train.network import Network
from t2sql.train.state_store import StateStore


class PrefixCache:
    """Hidden states before a layer, for the examples of a split.

    Each example belongs to one group, whose states are computed together when the first of them is asked
    for. So the states of an example are the same to the last bit, whenever they are computed.
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
        """Reserve the space; nothing is computed yet.

        Args:
            network: The model.
            examples: The examples.
            groups: Indices of the examples that are computed together; each is in one group.
            start: The layer before which the states are.
            memory: Bytes that may be in memory.
            disk: Bytes that may be in a file.

        Raises:
            NoSpace: The states need more.
        """
        self._network = network
        self._examples = examples
        self._start = start
        self._group_of = {i: group for group in groups for i in group}
        embedding = network.embed(mx.array([[0]]))
        self._dtype = embedding.dtype
        # NumPy has no bfloat16: its bits are stored.
        self._stored_dtype = mx.uint16 if self._dtype == mx.bfloat16 else self._dtype
        numpy_dtype = np.dtype(str(self._stored_dtype).rsplit(".", 1)[-1])
        lengths = [e.length for e in examples]
        self._states = StateStore(lengths, embedding.shape[-1], numpy_dtype, memory=memory, disk=disk)
        self._asked = self._hits = 0

    @property
    def memory_bytes(self) -> int:
        """Memory of all states that are in memory."""
        return self._states.memory_bytes

    @property
    def disk_bytes(self) -> int:
        """Size of the file with the others."""
        return self._states.disk_bytes

    def __len__(self) -> int:
        """Examples whose states are cached."""
        return len(self._states)

    def take_hits(self) -> float:
        """The fraction of the examples asked for since the last call that were cached."""
        fraction = self._hits / self._asked if self._asked else 0.0
        self._asked = self._hits = 0
        return fraction

    def batch(self, indices: Sequence[int], batch: Batch) -> Array:
        """States of a batch, laid out as its ids are: [batch, tokens, hidden], padded with zeros.

        Args:
            indices: The batch's examples.
            batch: Their ids.
        """
        self._asked += len(indices)
        self._hits += sum(i in self._states for i in indices)
        for i in indices:
            if i not in self._states:
                self._compute(self._group_of[i])
        if batch.spans is not None:
            parts = [self._states[indices[span.example]][span.start : span.stop] for span in batch.spans]
            return mx.array(np.concatenate(parts)[None]).view(self._dtype)
        first = self._states[indices[0]]
        out = np.zeros((batch.ids.size, first.shape[-1]), dtype=first.dtype)
        for start, i in zip(batch.starts, indices, strict=True):
            out[start : start + self._examples[i].length] = self._states[i]
        return mx.array(out.reshape(*batch.ids.shape, -1)).view(self._dtype)

    def _compute(self, group: list[int]) -> None:
        ids = mx.array(collate([self._examples[i] for i in group]).ids)
        h = self._network.run(self._network.embed(ids), 0, self._start)
        states = np.array(h.astype(self._dtype).view(self._stored_dtype))
        for row, i in enumerate(group):
            self._states[i] = states[row, : self._examples[i].length]
