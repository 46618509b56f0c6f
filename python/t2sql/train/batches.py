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

SHARED = 12
"""Fewer common first tokens than this are not worth a span of their own."""


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
    from t2sql.prompt import encode

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


def shared_batches(examples: Sequence[Encoded], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one epoch, where examples with a long common beginning stay together in twos, or
    in as many as half a batch: their beginning is then computed once."""
    rng = random.Random(f"t2sql/{seed}/{epoch}")
    most = max(1, batch_size // 2)
    # Shuffled before the stable sort by what they begin with: partners differ from epoch to epoch.
    order = list(range(len(examples)))
    rng.shuffle(order)
    families: dict[tuple[int, ...], list[int]] = {}
    for i in order:
        families.setdefault(examples[i].ids[:SHARED], []).append(i)
    units = [family[at : at + most] for family in families.values() for at in range(0, len(family), most)]
    rng.shuffle(units)
    flat = [i for unit in units for i in unit]
    return [flat[at : at + batch_size] for at in range(0, len(flat), batch_size)]


def sequential_batches(
    lengths: Sequence[int], batch_size: int, examples: Sequence[Encoded] | None = None
) -> list[list[int]]:
    """Every index once, by length, or, of `examples`, with those side by side that begin alike: for
    measuring, where only the sums count and they should repeat."""

    def key(i: int) -> tuple[object, int]:
        return (examples[i].ids if examples is not None else lengths[i], i)

    order = sorted(range(len(lengths)), key=key)
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


@dataclass(frozen=True)
class Span:
    """Positions `start` to `stop` of an example, as consecutive rows of a batch."""

    example: int
    start: int
    stop: int
    prefix: int | None = None
    """Which span of the batch holds the positions before `start`; it may be another example's."""


@dataclass(frozen=True)
class Batch:
    """Ids, and where in the flattened positions the loss looks, for which targets.

    With `spans`, ids is [1, rows] and holds what examples begin with in common only once; without, it is
    [examples, width] and right-padded.
    """

    ids: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    learned: np.ndarray
    """Which of the targets are in `ids[first:]` of their example."""
    tokens: int
    """Real positions of all examples, without padding."""
    spans: tuple[Span, ...] | None = None

    @property
    def padding(self) -> int:
        """Positions of `ids` that hold no token."""
        return 0 if self.spans is not None else self.ids.size - self.tokens


def collate(examples: Sequence[Encoded], *, whole: bool = False, share: bool = False) -> Batch:
    """Attention is causal, so padding on the right changes nothing that the loss sees, and what two
    examples begin with gives the same states in both.

    The targets are `ids[first:]` of each example, or `ids[1:]` with `whole`.
    """
    spans = shared_spans(examples) if share else None
    width = max(e.length for e in examples)
    if spans is None:
        ids = np.zeros((len(examples), width), dtype=np.int32)
        for row, e in enumerate(examples):
            ids[row, : e.length] = e.ids[:-1]
        rows = [np.arange(row * width, row * width + e.length) for row, e in enumerate(examples)]
    else:
        flat = [examples[span.example].ids[span.start : span.stop] for span in spans]
        ids = np.concatenate([np.array(part, dtype=np.int32) for part in flat])[None]
        rows = _rows(examples, spans)
    positions, targets, learned = [], [], []
    for e, own in zip(examples, rows, strict=True):
        first = 1 if whole else e.first
        positions.append(own[first - 1 :].astype(np.int32))
        targets.append(np.array(e.ids[first:], dtype=np.int32))
        learned.append(np.arange(first, len(e.ids)) >= e.first)
    tokens = sum(e.length for e in examples)
    joined = (np.concatenate(positions), np.concatenate(targets), np.concatenate(learned))
    return Batch(ids, *joined, tokens, None if spans is None else tuple(spans))


def shared_spans(examples: Sequence[Encoded]) -> list[Span]:
    """Rows for the examples, with the beginning that neighbours in sorted order share given once."""
    order = sorted(range(len(examples)), key=lambda i: examples[i].ids)
    spans: list[Span] = []
    group: list[int] = []
    common = 0

    def close() -> None:
        if len(group) > 1:
            head = len(spans)
            spans.append(Span(group[0], 0, common))
            spans.extend(Span(i, common, examples[i].length, head) for i in group)
        else:
            spans.extend(Span(i, 0, examples[i].length) for i in group)

    for i in order:
        if group:
            reach = min(shared_length(examples[group[0]], examples[i]), common or examples[i].length)
            if reach >= SHARED and reach >= 0.75 * common:
                group.append(i)
                common = reach
                continue
            close()
        group, common = [i], 0
    close()
    return spans


def shared_length(one: Encoded, other: Encoded) -> int:
    """How many first positions two examples have in common, at least one short of either."""
    most = min(one.length, other.length) - 1
    return next((i for i in range(most) if one.ids[i] != other.ids[i]), most)


def _rows(examples: Sequence[Encoded], spans: Sequence[Span]) -> list[np.ndarray]:
    """The row of each position of each example."""
    starts = np.cumsum([0, *(span.stop - span.start for span in spans)])
    out: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(examples)
    owners = {span.prefix for span in spans if span.prefix is not None}
    for at, span in enumerate(spans):
        if at in owners:
            continue
        own = np.arange(starts[at], starts[at + 1])
        if span.prefix is not None:
            own = np.concatenate([np.arange(starts[span.prefix], starts[span.prefix + 1]), own])
        out[span.example] = own
    return out
