"""Examples packed into rows, several in one where that saves padding, for layers that take whole rows.

Rotary positions are relative, so an example computes the same wherever in a row it begins, as long as its
tokens attend to each other only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WIDE = 1024
"""The width at which attention, which grows with a row's width, is taken to cost as much as all else.

In products alone that is 3,072 for SmolLM2-135M's shape and more for larger models; masks and softmax cost
more than their products."""

_WORTH = 0.9
"""Packed rows have to cost at most this part of what one row for each example costs."""


@dataclass(frozen=True)
class Rows:
    """Where examples lie in a batch of rows.

    Attributes:
        rows: Indices of the examples in each row, one after the other.
        width: Positions of a row.
    """

    rows: list[list[int]]
    width: int

    @property
    def size(self) -> int:
        """Positions, padding included."""
        return len(self.rows) * self.width

    @property
    def cost(self) -> float:
        """What they cost to compute, in positions of narrow rows."""
        return self.size * (1 + self.width / _WIDE)


def pack(lengths: Sequence[int], *, multiple: int, packed: bool = True) -> Rows:
    """Lay out examples in rows.

    Args:
        lengths: Their positions.
        multiple: What the width is rounded up to.
        packed: Whether a row may hold several examples.

    Returns:
        One row for each example, in their order, or fewer rows where that is worth it.
    """
    single = Rows([[i] for i in range(len(lengths))], _rounded(max(lengths), multiple))
    if not packed or len(lengths) == 1:
        return single
    best = min((_balanced(lengths, count, multiple) for count in range(1, len(lengths))), key=_cost)
    return best if best.cost <= _WORTH * single.cost else single


def _balanced(lengths: Sequence[int], count: int, multiple: int) -> Rows:
    """`count` rows: each example, the longest first, goes into the shortest row."""
    rows: list[list[int]] = [[] for _ in range(count)]
    filled = [0] * count
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        row = filled.index(min(filled))
        rows[row].append(i)
        filled[row] += lengths[i]
    return Rows(rows, _rounded(max(filled), multiple))


def _cost(rows: Rows) -> float:
    return rows.cost


def _rounded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
