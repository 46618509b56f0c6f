"""Whether two results are equal, as Spider's test-suite script compares them.

The behaviour is that of `exec_eval.py` in github.com/taoyds/test-suite-sql-eval: rows as a bag, or as a list
where the gold statement says ORDER BY anywhere; columns in any order; 1 equals 1.0; two results without rows
are equal whatever their columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from t2sql.sql import Row


def same_denotation(answer: Sequence[Row], gold: Sequence[Row], *, ordered: bool) -> bool:
    """Tell whether some order of the answer's columns makes it the gold result.

    Args:
        answer: The rows that the answer returned.
        gold: The rows that the gold statement returned.
        ordered: Whether the order of rows counts.
    """
    if not answer and not gold:
        return True
    if len(answer) != len(gold) or len(answer[0]) != len(gold[0]):
        return False
    if not _may_be_same(answer, gold, ordered=ordered):
        return False
    return _Columns(answer, gold, ordered).match([])


def _may_be_same(answer: Sequence[Row], gold: Sequence[Row], *, ordered: bool) -> bool:
    """Compare rows whose values are sorted by their text and type, in which 1 and 1.0 differ."""
    rows = [
        [tuple(sorted(row, key=lambda v: str(v) + str(type(v)))) for row in part] for part in (answer, gold)
    ]
    return rows[0] == rows[1] if ordered else set(rows[0]) == set(rows[1])


class _Columns:
    """Finds a column of the answer for each of the gold result's, from left to right."""

    def __init__(self, answer: Sequence[Row], gold: Sequence[Row], ordered: bool) -> None:
        self._answer = list(zip(*answer, strict=True))
        self._gold = list(zip(*gold, strict=True))
        self._ordered = ordered

    def match(self, chosen: list[int]) -> bool:
        """Whether the columns chosen so far, which agree with the first of the gold result, can go on."""
        width = len(chosen)
        if width == len(self._gold):
            return True
        tried: list[Row] = []
        for at, column in enumerate(self._answer):
            # Of equal columns the first is as good as the others: without this, many would take forever.
            if at in chosen or column in tried:
                continue
            tried.append(column)
            if self._agree([*chosen, at]) and self.match([*chosen, at]):
                return True
        return False

    def _agree(self, chosen: list[int]) -> bool:
        width = len(chosen)
        if self._ordered:
            return self._answer[chosen[-1]] == self._gold[width - 1]
        answer = zip(*(self._answer[at] for at in chosen), strict=True)
        return Counter(answer) == Counter(zip(*self._gold[:width], strict=True))
