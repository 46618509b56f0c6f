"""Which examples go into one batch, and in which order batches come."""

from __future__ import annotations

import random
from collections.abc import Sequence

from t2sql.train.batches import MIN_SHARED
from t2sql.train.encoding import Encoded

POOL = 16
"""Batches are cut from shuffled pools of this many batches, sorted by length: little padding, mixed order."""


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch, with examples of similar length together.

    Args:
        lengths: Tokens of each example.
        batch_size: Examples of a batch.
        seed: The seed of the order.
        epoch: The epoch, counted from 0.

    Returns:
        Indices of examples; each is in one batch. The same arguments give the same batches.
    """
    rng = _epoch_rng(seed, epoch)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches = []
    for first in range(0, len(order), batch_size * POOL):
        pool = sorted(order[first : first + batch_size * POOL], key=lengths.__getitem__)
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    rng.shuffle(batches)
    return batches


def shared_batches(examples: Sequence[Encoded], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch, with examples of a common prefix together.

    At most half a batch has the same prefix, so that a batch is about more than one table.

    Args:
        examples: The examples.
        batch_size: Examples of a batch.
        seed: The seed of the order.
        epoch: The epoch, counted from 0.

    Returns:
        Indices of examples; each is in one batch. The same arguments give the same batches.
    """
    rng = _epoch_rng(seed, epoch)
    most = max(1, batch_size // 2)
    # The shuffle comes before the grouping: partners differ from epoch to epoch.
    order = list(range(len(examples)))
    rng.shuffle(order)
    by_prefix: dict[tuple[int, ...], list[int]] = {}
    for i in order:
        by_prefix.setdefault(examples[i].ids[:MIN_SHARED], []).append(i)
    groups = [
        same[first : first + most] for same in by_prefix.values() for first in range(0, len(same), most)
    ]
    rng.shuffle(groups)
    flat = [i for group in groups for i in group]
    return [flat[first : first + batch_size] for first in range(0, len(flat), batch_size)]


def sequential_batches(
    lengths: Sequence[int], batch_size: int, examples: Sequence[Encoded] | None = None
) -> list[list[int]]:
    """Batches for measuring, where only the sums count, and should be the same each time.

    Args:
        lengths: Tokens of each example.
        batch_size: Examples of a batch.
        examples: When given, neighbours have common prefixes; otherwise, similar lengths.
    """

    def key(i: int) -> tuple[object, int]:
        return (examples[i].ids if examples is not None else lengths[i], i)

    order = sorted(range(len(lengths)), key=key)
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def _epoch_rng(seed: int, epoch: int) -> random.Random:
    return random.Random(f"t2sql/{seed}/{epoch}")
