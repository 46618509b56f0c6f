"""Values as text: numbers, times and states. Markup in a value is shown, never interpreted."""

from __future__ import annotations

import math
import time

from t2sql.runs.records import FEW_ANSWERS
from t2sql.text import one_line, shorten
from t2sql_tui import clock as wall

NONE = "–"
_BLANKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")

STATES: dict[str, tuple[str, str]] = {
    "running": ("●", "primary"),
    "done": ("✓", "success"),
    "failed": ("✗", "error"),
    "interrupted": ("■", "warning"),
    "stale": ("◌", "warning"),
    "new": ("○", "muted"),
    "waiting": ("·", "muted"),
    "unreadable": ("!", "error"),
}
"""Glyph and theme colour of each state. Each has a glyph and a word of its own, so that colour is never the
only sign."""


def plain(value: object, limit: int = 500) -> str:
    """A value from a file as text that is safe to show: on one line, control characters as escapes.

    Args:
        value: Any value; its `str` is shown, each line break or tab in it as a blank.
        limit: Most cells of the terminal; a longer text ends with an ellipsis.
    """
    text = str(value)[: 16 * limit + 1].translate(_BLANKS)
    return shorten(one_line(text), limit)


def number(value: object) -> float | None:
    """`value` if it is a finite number; None for whatever else a file may hold in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def loss(value: object) -> str:
    """A loss or perplexity: three decimals, or an exponent from 1000 on."""
    if (value := number(value)) is None:
        return NONE
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.2e}"


def count(value: object) -> str:
    """A whole number with commas between thousands."""
    return NONE if (value := number(value)) is None else f"{value:,.0f}"


def percent(fraction: object) -> str:
    """A fraction of 1 as a percentage with one decimal."""
    return NONE if (fraction := number(fraction)) is None else f"{100 * fraction:.1f}%"


def score(fraction: object, n: object) -> str:
    """A fraction of right answers as a percentage with their number; of few answers the count."""
    if (fraction := number(fraction)) is None:
        return NONE
    if (n := number(n)) is None:
        return percent(fraction)
    return f"{fraction * n:.0f}/{n:.0f}" if n < FEW_ANSWERS else f"{100 * fraction:.0f}%/{n:.0f}"


def rate(value: object) -> str:
    """A number per second: one decimal, or none from 100 on."""
    if (value := number(value)) is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def size(value: object) -> str:
    """A number of bytes in B, KiB, MiB or GiB."""
    if (value := number(value)) is None:
        return NONE
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def steps(step: object, total: object) -> str:
    """`step/total`, or the step alone where no total is known."""
    if number(total) is None:
        return count(step)
    return f"{count(step)}/{count(total)}"


def duration(seconds: object) -> str:
    """Seconds as 4.2 s or 42 s, from a minute on as 4:05 or 1:04:05."""
    if (seconds := number(seconds)) is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def ago(moment: object, now: float | None = None) -> str:
    """The age of a moment, such as "5m ago".

    Args:
        moment: Seconds since 1970.
        now: The present moment; by default the clock's.
    """
    if (moment := number(moment)) is None:
        return NONE
    seconds = max(0.0, (wall.now() if now is None else now) - moment)
    for span, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= span:
            return f"{int(seconds // span)}{unit} ago"
    return "now" if seconds < 5 else f"{int(seconds)}s ago"


def clock(moment: object) -> str:
    """The local time of day of a moment in seconds since 1970; eight blanks where there is none."""
    if (moment := number(moment)) is None or not 0 <= moment < 1 << 40:
        return " " * 8
    return time.strftime("%H:%M:%S", time.localtime(moment))
