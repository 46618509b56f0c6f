"""Examples as token ids, and their order: by length inside a shuffled pool, every example once an epoch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from t2sql.errors import InputError

POOL = 16
"""Batches are cut from shuffled pools of this many batches, sorted by length: little padding, mixed order."""


class Trainable(Protocol):
    """What is needed of an example."""

    @property
    def id(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def completion(self) -> str: ...


@dataclass(frozen=True)
class Encoded:
    """Token ids of prompt, completion and end of text; the loss is over `ids[first:]`."""

    id: str
    ids: tuple[int, ...]
    first: int

    @property
    def length(self) -> int:
        """Positions that the model sees: the last id is only a target."""
        return len(self.ids) - 1


@dataclass(frozen=True)
class EncodedSplit:
    examples: list[Encoded]
    skipped: list[str]
    """Ids of the examples that are longer than the limit."""


def encode_split(
    tokenizer: Any, examples: Sequence[Trainable], *, max_seq_length: int, loss_on: str = "completion"
) -> EncodedSplit:
    """Encode a split. An example over the limit is left out: cut short, it would teach broken statements."""
    from t2sql.data import encode

    encoded, skipped = [], []
    for example in examples:
        if not example.completion.strip():
            raise InputError("an example has no completion to learn", where=example.id)
        ids, n_prompt = encode(tokenizer, example.prompt, example.completion)
        if len(ids) - 1 > max_seq_length:
            skipped.append(example.id)
        else:
            first = max(1, n_prompt) if loss_on == "completion" else 1
            encoded.append(Encoded(example.id, tuple(ids), first))
    if not encoded:
        raise InputError(
            "every example is longer than the limit",
            expected=f"at most {max_seq_length} tokens",
            found=f"{len(skipped)} examples",
            hint="Raise --max-seq-length",
        )
    return EncodedSplit(encoded, skipped)


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one epoch as indices: the same for the same seed and epoch, each index once."""
    rng = random.Random(f"t2sql/{seed}/{epoch}")
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches = []
    for at in range(0, len(order), batch_size * POOL):
        pool = sorted(order[at : at + batch_size * POOL], key=lengths.__getitem__)
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    rng.shuffle(batches)
    return batches


def sequential_batches(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Every index once, by length: for measuring, where only the sums count and they should repeat."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


@dataclass(frozen=True)
class Batch:
    """Right-padded ids, and where in the flattened positions the loss looks, for which targets."""

    ids: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    learned: np.ndarray
    """Which of the targets are in `ids[first:]` of their example."""
    tokens: int
    """Real positions, without padding."""


def collate(examples: Sequence[Encoded], *, whole: bool = False) -> Batch:
    """Attention is causal, so padding on the right changes nothing that the loss sees.

    The targets are `ids[first:]` of each example, or `ids[1:]` with `whole`.
    """
    width = max(e.length for e in examples)
    ids = np.zeros((len(examples), width), dtype=np.int32)
    positions, targets, learned = [], [], []
    for row, e in enumerate(examples):
        ids[row, : e.length] = e.ids[:-1]
        first = 1 if whole else e.first
        positions.append(np.arange(first - 1, e.length, dtype=np.int32) + row * width)
        targets.append(np.array(e.ids[first:], dtype=np.int32))
        learned.append(np.arange(first, len(e.ids)) >= e.first)
    tokens = sum(e.length for e in examples)
    return Batch(ids, np.concatenate(positions), np.concatenate(targets), np.concatenate(learned), tokens)
