"""Figures and text as the templates show them; None is a dash."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.evaluate import wilson
from t2sql.runs.records import FEW_ANSWERS


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits after the point."""
    return "–" if value is None else f"{value:.{digits}f}"


def chance(p: float, equals: str = "") -> str:
    """A p value, never shown as zero; `equals` comes before one that is shown exactly."""
    return "< 0.001" if p < 0.001 else f"{equals}{p:.3f}"


def count(value: float | None) -> str:
    """A whole number with separators."""
    return "–" if value is None else f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """A fraction as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def rate(count: int, n: int) -> str:
    """How many of `n` answers: a percentage, or of few the count itself."""
    if not n:
        return "–"
    return f"{count} of {n}" if n < FEW_ANSWERS else share(count / n)


def between(count: int, n: int) -> str:
    """Wilson's 95% interval of `count` of `n` answers, whatever a damaged record says."""
    return span(wilson(min(max(count, 0), n), n))


def span(interval: Sequence[float]) -> str:
    """A 95% interval, in percent."""
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f}%"


def points(fraction: float) -> str:
    """A difference of two fractions in percentage points, with its sign."""
    return f"{100 * fraction:+.1f}"


def change(interval: Sequence[float] | None) -> str:
    """The 95% interval of a difference, in percentage points; a dash where it is not recorded."""
    return "–" if interval is None else f"{points(interval[0])} to {points(interval[1])}"


def size(value: float | None) -> str:
    """Bytes, in decimal units."""
    if value is None:
        return "–"
    if value >= 1e9:
        return f"{value / 1e9:.2f} GB"
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.1f} kB"


def duration(seconds: float | None) -> str:
    """Seconds, or minutes and seconds."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def cell(value: object) -> str:
    """Text in a Markdown table: nothing in it is markup, and it stays in its cell."""
    text = " ".join(str(value).split())
    for mark in "\\`*_[]|~":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(value: object) -> str:
    """Code in a Markdown table: fenced by one backtick more than it holds."""
    text = " ".join(str(value).split()).replace("|", "\\|")
    if not text:
        return "–"
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"
