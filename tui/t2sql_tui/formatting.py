"""Values as text: numbers, times, states and events. Nothing here ever parses markup."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from t2sql_tui import clock as wall

NONE = "–"

# Every state has its own glyph and word, so that colour is never the only sign.
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


def plain(value: object, limit: int = 500) -> str:
    """Text from a file, safe for a terminal: one line, no control characters, of bounded length."""
    text = str(value)[: limit + 1]
    text = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: object) -> float | None:
    """A finite number, or None for whatever else a file may hold in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def loss(value: object) -> str:
    if (value := number(value)) is None:
        return NONE
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.2e}"


def count(value: object) -> str:
    return NONE if (value := number(value)) is None else f"{value:,.0f}"


def percent(share: object) -> str:
    return NONE if (share := number(share)) is None else f"{100 * share:.1f}%"


def rate(value: object) -> str:
    if (value := number(value)) is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def size(value: object) -> str:
    if (value := number(value)) is None:
        return NONE
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def steps(step: object, total: object) -> str:
    if number(total) is None:
        return count(step)
    return f"{count(step)}/{count(total)}"


def duration(seconds: object) -> str:
    """4.2 s and 42 s, then 4:05 and 1:04:05."""
    if (seconds := number(seconds)) is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def ago(moment: object, now: float | None = None) -> str:
    if (moment := number(moment)) is None:
        return NONE
    seconds = max(0.0, (wall.now() if now is None else now) - moment)
    for span, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= span:
            return f"{int(seconds // span)}{unit} ago"
    return "now" if seconds < 5 else f"{int(seconds)}s ago"


def clock(moment: object) -> str:
    """The local time of day; blanks of the same width where there is none."""
    if (moment := number(moment)) is None or not 0 <= moment < 1 << 40:
        return " " * 8
    return time.strftime("%H:%M:%S", time.localtime(moment))


def event(fields: Mapping[str, Any]) -> str:
    """What an event says, in a line of the log, without its time and stage."""
    kind = fields.get("kind")
    step = count(fields.get("step"))
    if kind == "train":
        speed = fields.get("tokens_per_second")
        tail = "" if number(speed) is None else f"  {rate(speed)} tok/s"
        return f"step {step}  loss {loss(fields.get('loss'))}{tail}"
    if kind == "valid":
        return f"step {step}  validation loss {loss(fields.get('loss'))}"
    if kind == "checkpoint":
        best = "  ★ best so far" if fields.get("best") else ""
        return plain(f"step {step}  checkpoint {fields.get('path', '')}{best}")
    if kind == "start":
        return "resumed" if fields.get("resume") else "started"
    if kind == "end":
        return f"done in {duration(fields.get('seconds'))}"
    if kind in ("warning", "error"):
        return plain(fields.get("message", kind))
    hidden = ("v", "time", "stage", "kind")
    words = {True: "yes", False: "no"}
    rest = "  ".join(
        f"{key} {words[value] if isinstance(value, bool) else value}"
        for key, value in fields.items()
        if key not in hidden and value is not None
    )
    return plain(f"{kind}  {rest}", 200)
