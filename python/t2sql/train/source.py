"""What a batch gives the model: token ids, or the kept output of the frozen layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from t2sql.models.runtime import mx
from t2sql.train.batches import Encoded, collate, sequential_batches
from t2sql.train.network import Network, token_losses
from t2sql.train.prefix import PrefixCache, cache_bytes

Progress = Callable[[int, int, str], None]

EVAL_BATCH = 16


class Source:
    """The examples of a split as inputs for a network whose first `start` layers do not change.

    `room` is how many bytes may be kept; when the split needs more, or nothing is frozen, nothing is.
    """

    def __init__(
        self,
        network: Network,
        examples: Sequence[Encoded],
        *,
        start: int,
        room: float,
        groups: list[list[int]] | None = None,
    ) -> None:
        self.network = network
        self.examples = examples
        self.lengths = [e.length for e in examples]
        self.start = 0
        self.cache: PrefixCache | None = None
        self.bytes = 0
        if network.split and start > 0:
            need = cache_bytes(examples, _hidden_size(network))
            if need <= room:
                if groups is None:
                    groups = sequential_batches(self.lengths, EVAL_BATCH)
                self.cache = PrefixCache(network, examples, groups, start)
                self.start, self.bytes = start, need

    def inputs(self, indices: Sequence[int]) -> tuple[Any, Any, Any, int]:
        """(inputs, positions, targets, real tokens) of a batch."""
        batch = collate([self.examples[i] for i in indices])
        inputs = mx.array(batch.ids) if self.cache is None else self.cache.batch(indices, batch)
        return inputs, mx.array(batch.positions), mx.array(batch.targets), batch.tokens

    def loss(self, *, batch_size: int = EVAL_BATCH, progress: Progress | None = None) -> tuple[float, int]:
        """(mean loss over the target tokens, their count) of the whole split, each example once."""
        model = self.network.model
        training = model.training
        model.eval()
        total, count, done = 0.0, 0, 0
        try:
            for indices in sequential_batches(self.lengths, batch_size):
                inputs, positions, targets, _ = self.inputs(indices)
                losses = token_losses(self.network.logits(inputs, positions, self.start), targets)
                total += float(losses.sum().item())
                count += targets.size
                done += len(indices)
                if progress:
                    progress(done, len(self.examples), "examples")
        finally:
            model.train(training)
        return total / count, count


def _hidden_size(network: Network) -> int:
    return int(network.embed(mx.array([[0]])).shape[-1])
