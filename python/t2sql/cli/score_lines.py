"""Scores as lines and cells of a table: how many answers are right, by what, and what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from t2sql.runs import records
from t2sql.text import one_line, shorten

_MOST_CELLS = 300
"""Of a statement or a question on a terminal: a few lines."""


class Score(Protocol):
    """Counted answers: of a row of the comparison, of a checkpoint, of a file."""

    @property
    def n(self) -> int:
        """Questions."""

    @property
    def correct(self) -> int:
        """Right answers."""

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of their fraction."""


class Measured(Protocol):
    """What made answers right."""

    @property
    def measure(self) -> str:
        """The measure's name."""

    @property
    def kill_rate(self) -> float | None:
        """Fraction of wrong neighbours that test suites catch; None without suites."""


def right_cells(score: Score | None) -> tuple[str | None, str | None, int | None]:
    """Percentage of right answers, its interval, and of how many."""
    if score is None:
        return None, None, None
    low, high = score.interval
    return rate(score.correct, score.n), f"{100 * low:.0f}-{100 * high:.0f}%", score.n


def pair_lines(pairs: Iterable[records.Pair], brief: Collection[str] = (), most: int = 3) -> str:
    """What each model broke and fixed against another, with some of the questions.

    Args:
        pairs: The pairs.
        brief: Models that a pair with is shown without questions.
        most: The most questions of each kind that are shown.
    """
    lines = []
    for pair in pairs:
        lines.append(
            f"{pair.model} {pair.backend} against {pair.against}: {len(pair.broken)} broken, "
            f"{len(pair.fixed)} fixed of {pair.n}, p = {pair.p:.2g}{_points(pair)}"
        )
        if pair.against in brief:
            continue
        for word, ids in (("broken", pair.broken), ("fixed", pair.fixed)):
            lines += [f"  {word}: {printable(pair.questions.get(name, name))}" for name in ids[:most]]
            lines += [f"  {word}: {len(ids) - most} more"] if len(ids) > most else []
    return "\n".join(lines)


def _points(pair: records.Pair) -> str:
    """The difference in percentage points; "" where its interval is not recorded, or of too few questions."""
    if pair.interval is None or pair.n < records.FEW_ANSWERS:
        return ""
    low, high = (100 * end for end in pair.interval)
    return f", {100 * pair.difference:+.1f} points (95% {low:+.1f} to {high:+.1f})"


def measure_line(rows: Sequence[Measured]) -> str:
    """By what answers were right, where it was not by the rows of a database."""
    names = {"suite": "test suites", "logical": "logical form", "mixed": "several measures"}
    measures = sorted({row.measure for row in rows} & names.keys())
    if not measures:
        return ""
    rates = [row.kill_rate for row in rows if row.kill_rate is not None]
    caught = f"; suites tell {100 * min(rates):.1f}% of neighbours from the gold statements" if rates else ""
    return f"right by {' and '.join(names[measure] for measure in measures)}{caught}"


def rate(count: int, n: int) -> str | None:
    """A count of `n` as a percentage, or of few as it is; None of nothing."""
    if not n:
        return None
    return f"{count} of {n}" if n < records.FEW_ANSWERS else f"{100 * count / n:.1f}%"


def printable(text: str) -> str:
    """A model's words for a terminal: on one line, and not too many."""
    return shorten(one_line(text[: 2 * _MOST_CELLS]), _MOST_CELLS) if text else "(no answer)"
