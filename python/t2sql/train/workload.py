"""What the memory of a training depends on beside the model's sizes: its largest batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from t2sql.runtimes import policy
from t2sql.train.batches import Positions, count_positions
from t2sql.train.compute import keeps_stored
from t2sql.train.config import TrainConfig
from t2sql.train.encoding import Encoded
from t2sql.train.epochs import EpochOrder
from t2sql.train.ordering import sequential_batches
from t2sql.train.split_inputs import EVAL_BATCH

_LONGEST = 16
"""How many batches are laid out to find the largest: those with the most tokens."""


@dataclass(frozen=True)
class Workload:
    """What memory depends on beside the settings and the model's sizes.

    Attributes:
        training: The largest batch of one rank.
        targets: The most trained tokens of such a batch.
        measuring: The largest batch of validation, of which every token may be measured.
        tokens: Tokens of all examples, which the cache is for.
        model: Bytes of the base weights.
        native: Whether layers are computed in Rust.
    """

    training: Positions
    targets: int
    measuring: Positions
    tokens: int
    model: int
    native: bool


MeasureWork: TypeAlias = Callable[[TrainConfig], Workload]
"""The workload under some settings."""


def measure_work(
    paraphrases: Sequence[Sequence[Encoded]],
    valid: Sequence[Encoded],
    *,
    ranks: int,
    model: Callable[[TrainConfig], int],
    native: Callable[[TrainConfig], bool] = keeps_stored,
) -> MeasureWork:
    """A function that measures the work of a training.

    Args:
        paraphrases: The training lines, then other wordings of each.
        valid: The validation lines.
        ranks: Processes that train together.
        model: Bytes of the base weights under some settings.
        native: Whether layers are computed in Rust under some settings.
    """
    every = [example for wording in paraphrases for example in wording] + list(valid)

    def measure(config: TrainConfig) -> Workload:
        in_rust = native(config)
        order = EpochOrder(paraphrases, config.step_size, config.seed, share_prefixes=in_rust)
        batches = order.groups(ranks * config.grad_accumulation_steps)
        groups = sequential_batches([e.length for e in valid], EVAL_BATCH, valid if in_rust else None)
        training = [[order.examples[i] for i in batch] for batch in batches]
        return Workload(
            training=_largest(training, share=in_rust),
            targets=max(sum(len(e.ids) - e.first for e in batch) for batch in training),
            measuring=_largest([[valid[i] for i in group] for group in groups], share=in_rust),
            tokens=sum(e.length for e in every),
            model=model(config),
            native=in_rust,
        )

    return measure


def _largest(batches: Sequence[Sequence[Encoded]], *, share: bool) -> Positions:
    """The largest of some batches."""
    by_tokens = sorted(batches, key=lambda batch: sum(e.length for e in batch))[-_LONGEST:]
    multiple = policy().length_multiple
    sizes = [count_positions(batch, share=share, packed=True, multiple=multiple) for batch in by_tokens]
    return Positions(max(size.rows for size in sizes), max(size.scores for size in sizes))
