"""Examples laid out for a network: in rows of one length, or as spans with common prefixes once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t2sql.train.encoding import Encoded
from t2sql.train.packing import Rows, pack

MIN_SHARED = 12
"""The shortest common prefix, in tokens, that is computed once.

Every example begins with `table: ` and a name, so shorter ones are common to examples of different tables. A
span costs a call of the attention of its own, and saves little when it is that short. The value was chosen
by hand, not measured."""

MIN_KEPT = 0.75
"""The fraction of a group's common prefix that must remain for another example to join the group.

Otherwise an example with a short common prefix would shorten that of all others. Chosen by hand."""


@dataclass(frozen=True)
class Span:
    """Positions of an example that are consecutive rows of a batch.

    Attributes:
        example: Index of the example in the batch.
        start: Its first position.
        stop: The position after its last.
        prefix: Index of the span that holds the positions before `start`; it may be another example's.
            None where `start` is 0.
    """

    example: int
    start: int
    stop: int
    prefix: int | None = None


@dataclass(frozen=True)
class Batch:
    """Token ids, and where the loss looks for which targets.

    Attributes:
        ids: int32 [rows, tokens], padded with zeros on the right; with `spans`, [1, rows].
        positions: int32 [targets], indices into `ids` flattened.
        targets: int32 [targets], the token that should follow at each position.
        trained: bool [targets], whether the target is one of its example's trained tokens.
        tokens: Positions of all examples, without padding.
        spans: What the rows hold when common prefixes are there once; None for whole examples.
        starts: Without `spans`, where in `ids` flattened each example begins.
        segments: int32 as `ids`, which example a position belongs to, and -1 for padding, where a row holds
            several; None where each holds one, or with `spans`.
    """

    ids: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    trained: np.ndarray
    tokens: int
    spans: tuple[Span, ...] | None = None
    starts: tuple[int, ...] = ()
    segments: np.ndarray | None = None

    @property
    def padding(self) -> int:
        """Positions of `ids` that hold no token."""
        return 0 if self.spans is not None else self.ids.size - self.tokens


def collate(
    examples: Sequence[Encoded],
    *,
    whole: bool = False,
    share: bool = False,
    packed: bool = False,
    multiple: int = 1,
) -> Batch:
    """Lay out examples as a batch.

    Attention is causal: padding on the right does not change the states before it, and a common prefix has
    the same states in every example.

    Args:
        examples: The examples.
        whole: Every token but the first is a target, not only the trained ones.
        share: Lay out common prefixes once.
        packed: Lay out several examples in a row where that saves padding.
        multiple: What the length of a row is rounded up to.
    """
    spans = shared_spans(examples) if share else None
    starts: tuple[int, ...] = ()
    segments = None
    if spans is None:
        layout = pack([e.length for e in examples], multiple=multiple, packed=packed)
        ids, segments, starts = _in_rows(examples, layout)
        rows = [np.arange(start, start + e.length) for start, e in zip(starts, examples, strict=True)]
    else:
        parts = [examples[span.example].ids[span.start : span.stop] for span in spans]
        ids = np.concatenate([np.array(part, dtype=np.int32) for part in parts])[None]
        rows = _rows(examples, spans)
    positions, targets, trained = [], [], []
    for e, own_rows in zip(examples, rows, strict=True):
        first = 1 if whole else e.first
        positions.append(own_rows[first - 1 :].astype(np.int32))
        targets.append(np.array(e.ids[first:], dtype=np.int32))
        trained.append(np.arange(first, len(e.ids)) >= e.first)
    return Batch(
        ids=ids,
        positions=np.concatenate(positions),
        targets=np.concatenate(targets),
        trained=np.concatenate(trained),
        tokens=sum(e.length for e in examples),
        spans=None if spans is None else tuple(spans),
        starts=starts,
        segments=segments,
    )


def _in_rows(
    examples: Sequence[Encoded], layout: Rows
) -> tuple[np.ndarray, np.ndarray | None, tuple[int, ...]]:
    """The ids, segments and starts of a batch in rows."""
    ids = np.zeros((len(layout.rows), layout.width), dtype=np.int32)
    segments = np.full_like(ids, -1)
    starts = [0] * len(examples)
    for row, indices in enumerate(layout.rows):
        column = 0
        for i in indices:
            end = column + examples[i].length
            ids[row, column:end], segments[row, column:end] = examples[i].ids[:-1], i
            starts[i], column = row * layout.width + column, end
    return ids, segments if len(layout.rows) < len(examples) else None, tuple(starts)


def shared_spans(examples: Sequence[Encoded]) -> list[Span]:
    """Spans for the examples: common prefixes of neighbours in sorted order once, then the rests."""
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
            if reach >= MIN_SHARED and reach >= MIN_KEPT * common:
                group.append(i)
                common = reach
                continue
            close()
        group, common = [i], 0
    close()
    return spans


@dataclass(frozen=True)
class Positions:
    """What the memory and the time of a batch depend on.

    Attributes:
        rows: Positions that are computed, padding included.
        scores: Pairs of a position and one that it attends to, as attention stores them for each head.
    """

    rows: int
    scores: int


def count_positions(
    examples: Sequence[Encoded], *, share: bool, packed: bool = False, multiple: int
) -> Positions:
    """The positions that `collate` lays the examples out in."""
    if share:
        spans = shared_spans(examples)
        lengths = [span.stop - span.start for span in spans]
        return Positions(sum(lengths), sum(n * s.stop for n, s in zip(lengths, spans, strict=True)))
    rows = pack([e.length for e in examples], multiple=multiple, packed=packed)
    return Positions(rows.size, rows.size * rows.width)


def shared_length(one: Encoded, other: Encoded) -> int:
    """Tokens of the common prefix of two examples, at least one less than either has positions."""
    most = min(one.length, other.length) - 1
    return next((i for i in range(most) if one.ids[i] != other.ids[i]), most)


def _rows(examples: Sequence[Encoded], spans: Sequence[Span]) -> list[np.ndarray]:
    """The row of each position of each example."""
    starts = np.cumsum([0, *(span.stop - span.start for span in spans)])
    out: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(examples)
    prefixes = {span.prefix for span in spans if span.prefix is not None}
    for index, span in enumerate(spans):
        if index in prefixes:
            continue
        own_rows = np.arange(starts[index], starts[index + 1])
        if span.prefix is not None:
            own_rows = np.concatenate([np.arange(starts[span.prefix], starts[span.prefix + 1]), own_rows])
        out[span.example] = own_rows
    return out
