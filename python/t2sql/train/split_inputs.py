"""The examples of a split as inputs for a network: token ids, or the cached output of its frozen layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t2sql.progress import Progress
from t2sql.runtimes import Array, mx, policy
from t2sql.train.batches import Batch, collate
from t2sql.train.encoding import Encoded
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.network import Network, segments_of
from t2sql.train.ordering import sequential_batches
from t2sql.train.prefix import PrefixCache
from t2sql.train.state_store import NoSpace

EVAL_BATCH = 16
"""Examples of a batch when a split is measured."""

HEAD_ROWS = 512
"""Positions whose logits are computed at once when a split is measured: logits are the largest array."""


@dataclass
class SplitLoss:
    """Sums of token losses, in float64 and nats.

    Attributes:
        total: Sum over the trained tokens.
        count: Number of trained tokens.
        text_total: Sum over all measured tokens.
        text_count: Number of measured tokens.
    """

    total: float = 0.0
    count: int = 0
    text_total: float = 0.0
    text_count: int = 0

    def add(self, losses: np.ndarray, batch: Batch) -> None:
        """Add the losses [targets] of a batch."""
        losses = losses.astype(np.float64)
        self.total += float(losses[batch.trained].sum())
        self.count += int(batch.trained.sum())
        self.text_total += float(losses.sum())
        self.text_count += len(losses)

    @property
    def loss(self) -> float:
        """Mean over the trained tokens."""
        return self.total / self.count

    @property
    def text_loss(self) -> float:
        """Mean over all measured tokens."""
        return self.text_total / self.text_count


class SplitInputs:
    """The examples of a split, for a network whose first layers do not change.

    Attributes:
        examples: The examples.
        lengths: Their lengths in tokens.
        start: The layer that the inputs are for; 0 for token ids.
        cache: The cached output of the layers before `start`; None where nothing is cached.
        cache_off: Why nothing is cached; empty when it is.
    """

    def __init__(
        self,
        network: Network,
        examples: Sequence[Encoded],
        *,
        start: int,
        memory: float,
        disk: float = 0.0,
        groups: list[list[int]] | None = None,
    ) -> None:
        """Reserve the cache; nothing is computed yet.

        Args:
            network: The model.
            examples: The examples.
            start: The first layer that changes. The output of those before it is cached if it fits.
            memory: Bytes of it that may be in memory.
            disk: Bytes of it that may be in a file.
            groups: Indices of the examples that are computed together; by default neighbours in length.
        """
        self._network = network
        self.examples = examples
        self.lengths = [e.length for e in examples]
        self.start = 0
        self.cache: PrefixCache | None = None
        self.cache_off = ""
        if not network.split:
            self.cache_off = "the model's structure is not known to t2sql"
        elif start == 0:
            self.cache_off = "every layer is trained"
        elif memory == 0 and disk == 0:
            self.cache_off = "--cache-gb is 0"
        else:
            groups = groups or sequential_batches(self.lengths, EVAL_BATCH)
            try:
                self.cache = PrefixCache(network, examples, groups, start, memory=memory, disk=disk)
                self.start = start
            except NoSpace as error:
                self.cache_off = str(error)

    @property
    def memory_bytes(self) -> int:
        """Memory that the cache takes when it is full."""
        return self.cache.memory_bytes if self.cache is not None else 0

    @property
    def disk_bytes(self) -> int:
        """Disk that the cache takes."""
        return self.cache.disk_bytes if self.cache is not None else 0

    def take_cache_hits(self) -> float:
        """The fraction of the examples since the last call that were in the cache; 0 without a cache."""
        return self.cache.take_hits() if self.cache is not None else 0.0

    def batch(self, indices: Sequence[int], *, whole: bool = False) -> tuple[Array, Batch]:
        """A batch of some examples.

        Args:
            indices: Which examples.
            whole: Measure every token of an example, not only the trained ones.

        Returns:
            The inputs for the network from layer `start` on, and the batch.
        """
        batch = collate(
            [self.examples[i] for i in indices],
            whole=whole,
            share=self._network.shares_prefixes,
            packed=self._network.packs_rows,
            multiple=policy().length_multiple,
        )
        return mx.array(batch.ids) if self.cache is None else self.cache.batch(indices, batch), batch

    def measure(
        self, *, batch_size: int = EVAL_BATCH, text: bool = False, progress: Progress | None = None
    ) -> SplitLoss:
        """Measure the whole split, each example once.

        Args:
            batch_size: Examples computed at once; the sums do not depend on it, rounding excepted.
            text: Measure all tokens of the examples, not only the trained ones.
            progress: Called after each batch.
        """
        model = self._network.model
        was_training = model.training
        model.eval()
        sums = SplitLoss()
        done = 0
        try:
            with fast_exponentials(model):
                by_prefix = self.examples if self._network.shares_prefixes else None
                for indices in sequential_batches(self.lengths, batch_size, by_prefix):
                    inputs, batch = self.batch(indices, whole=text)
                    sums.add(self._token_losses(inputs, batch), batch)
                    done += len(indices)
                    if progress:
                        progress(done, len(self.examples), "examples")
        finally:
            model.train(was_training)
        return sums

    def _token_losses(self, inputs: Array, batch: Batch) -> np.ndarray:
        """Losses [targets], the head on `HEAD_ROWS` positions at a time."""
        network = self._network
        if not network.split:
            losses = network.losses(inputs, mx.array(batch.positions), mx.array(batch.targets), 0)
            return np.array(losses)
        states = network.states(inputs, self.start, batch.spans, segments_of(batch))
        h = states[mx.array(batch.positions)]
        parts = []
        for first in range(0, len(batch.targets), HEAD_ROWS):
            targets = mx.array(batch.targets[first : first + HEAD_ROWS])
            parts.append(np.array(network.head_losses(h[first : first + HEAD_ROWS], targets)))
        return np.concatenate(parts)
