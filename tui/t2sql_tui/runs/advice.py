"""Which model file to take, and why: from what stage `compare` measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.runs.records import FEW_ANSWERS, ComparisonRow, asked_most
from t2sql_tui import formatting


@dataclass(frozen=True)
class Advice:
    """A file to take.

    Attributes:
        row: Its figures.
        text: The sentence that says so.
    """

    row: ComparisonRow
    text: str


def ranked(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The trained files that were asked the most questions, those with the most right answers first."""
    asked = asked_most([row for row in rows if row.n and not row.base])
    return sorted(asked, key=lambda row: (-row.correct, row.bytes or 0, -(row.gen_tps or 0.0)))


def advise(rows: Sequence[ComparisonRow]) -> Advice | None:
    """The smallest file whose right answers are within the interval of the best one's; then the fastest.

    Args:
        rows: The files of one or several runs.

    Returns:
        The file, or None where none was asked anything.
    """
    order = ranked(rows)
    if not order:
        return None
    best = order[0]
    equals = [row for row in order if row.accuracy >= best.interval[0]]
    row = min(equals, key=lambda row: (row.bytes or 0, -(row.gen_tps or 0.0)))
    low, high = (f"{100 * end:.0f}" for end in row.interval)
    text = (
        f"Take {_named(row)}: {row.correct} of {row.n} right ({low}–{high}%), {formatting.size(row.bytes)}, "
        f"{formatting.rate(row.gen_tps)} tok/s"
    )
    if row.n < FEW_ANSWERS:
        text += f"; but {row.n} questions are too few to choose by"
    elif row.correct == best.correct:
        text += "; no other has more right answers"
    else:
        text += f"; {_named(best)} has {best.correct}, which {row.n} questions cannot tell from it"
    return Advice(row, f"{text}.")


def _named(row: ComparisonRow) -> str:
    return f"{formatting.plain(row.name, 40)} on {formatting.plain(row.backend, 8)}"
