"""What a batch gives the model: token ids, or the kept output of the frozen layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from t2sql.runtimes import mx
from t2sql.train.batches import Batch, Encoded, collate, sequential_batches
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.network import Network
from t2sql.train.prefix import PrefixCache
from t2sql.train.store import NoRoom

Progress = Callable[[int, int, str], None]

EVAL_BATCH = 16
HEAD_ROWS = 512


class Source:
    """The examples of a split as inputs for a network whose first `start` layers do not change.

    `room` and `disk` are how many bytes may be kept in memory and in a file. When the split needs more,
    or nothing is frozen, nothing is kept, and `off` says why.
    """

    def __init__(
        self,
        network: Network,
        examples: Sequence[Encoded],
        *,
        start: int,
        room: float,
        disk: float = 0.0,
        groups: list[list[int]] | None = None,
    ) -> None:
        self.network = network
        self.examples = examples
        self.lengths = [e.length for e in examples]
        self.start = 0
        self.cache: PrefixCache | None = None
        self.off = ""
        if not network.split:
            self.off = "the model's structure is not known to t2sql"
        elif start == 0:
            self.off = "every layer is trained"
        elif room == 0 and disk == 0:
            self.off = "--cache-gb is 0"
        else:
            groups = groups or sequential_batches(self.lengths, EVAL_BATCH)
            try:
                self.cache = PrefixCache(network, examples, groups, start, memory=room, disk=disk)
                self.start = start
            except NoRoom as error:
                self.off = str(error)

    @property
    def memory_bytes(self) -> int:
        return self.cache.memory_bytes if self.cache is not None else 0

    @property
    def disk_bytes(self) -> int:
        return self.cache.disk_bytes if self.cache is not None else 0

    def batch(self, indices: Sequence[int], *, whole: bool = False) -> tuple[Any, Batch]:
        """(inputs for the network from layer `start`, the batch) of some examples."""
        share = self.network.shares
        batch = collate([self.examples[i] for i in indices], whole=whole, share=share)
        return mx.array(batch.ids) if self.cache is None else self.cache.batch(indices, batch), batch

    def measure(
        self, *, batch_size: int = EVAL_BATCH, text: bool = False, progress: Progress | None = None
    ) -> SplitLoss:
        """Sums of token losses over the whole split, each example once; with `text`, over all tokens too."""
        model = self.network.model
        training = model.training
        model.eval()
        sums = SplitLoss()
        done = 0
        try:
            with fast_exponentials(model):
                alike = self.examples if self.network.shares else None
                for indices in sequential_batches(self.lengths, batch_size, alike):
                    inputs, batch = self.batch(indices, whole=text)
                    sums.add(self._token_losses(inputs, batch), batch)
                    done += len(indices)
                    if progress:
                        progress(done, len(self.examples), "examples")
        finally:
            model.train(training)
        return sums

    def _token_losses(self, inputs: Any, batch: Batch) -> np.ndarray:
        """The head sees a few positions at a time: logits are the largest thing there is."""
        if not self.network.split:
            return np.array(
                self.network.losses(inputs, mx.array(batch.positions), mx.array(batch.targets), 0)
            )
        h = self.network.states(inputs, self.start, batch.spans)[mx.array(batch.positions)]
        parts = []
        for at in range(0, len(batch.targets), HEAD_ROWS):
            targets = mx.array(batch.targets[at : at + HEAD_ROWS])
            parts.append(np.array(self.network.head_losses(h[at : at + HEAD_ROWS], targets)))
        return np.concatenate(parts)


@dataclass
class SplitLoss:
    """Sums, in float64, over the completions' tokens and over all that were measured."""

    total: float = 0.0
    count: int = 0
    text_total: float = 0.0
    text_count: int = 0

    def add(self, losses: np.ndarray, batch: Batch) -> None:
        losses = losses.astype(np.float64)
        self.total += float(losses[batch.learned].sum())
        self.count += int(batch.learned.sum())
        self.text_total += float(losses.sum())
        self.text_count += len(losses)

    @property
    def loss(self) -> float:
        return self.total / self.count

    @property
    def text_loss(self) -> float:
        return self.text_total / self.text_count
