"""What a person should know about a run now, and what to do: failures, stalls, the newest warnings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from t2sql_tui import clock, formatting
from t2sql_tui.runs.history import History

MOST = 3
"""Alerts that are shown at most."""
SLOW_REPORTS = 8
"""Training has stalled when it has been silent for so many times the usual pause between two reports."""
SHORTEST_STALL = 30.0
"""Seconds of silence that are never a stall."""


@dataclass(frozen=True)
class Alert:
    """Something to know.

    Attributes:
        mark: A glyph for how bad it is.
        colour: A colour of the theme for the same.
        text: What it is, and what to do.
    """

    mark: str
    colour: str
    text: str


def alerts(history: History, now: float | None = None) -> list[Alert]:
    """The alerts of a run, the most important first.

    Args:
        history: The run.
        now: The present moment in seconds since 1970; by default the clock's.
    """
    run = history.summary
    if run is None:
        return []
    shown: list[Alert] = []
    resume = f"go on with: t2sql run --out {Path(run.path)}"
    if run.state == "failed":
        shown.append(Alert("✗", "error", f"{run.error or 'it failed'}; {resume}"))
    elif run.state == "stale":
        shown.append(Alert("✗", "error", f"its process is gone without a word; {resume}"))
    elif run.state == "running":
        shown += _stall(history, clock.now() if now is None else now)
    with history.lock:
        newest = list(dict.fromkeys(history.recent_warnings[::-1]))
    shown += [Alert("▲", "warning", text) for text in newest]
    return [Alert(a.mark, a.colour, formatting.plain(a.text, 400)) for a in shown[:MOST]]


def _stall(history: History, now: float) -> list[Alert]:
    """An alert when training reports much later than it used to; other stages do not report regularly."""
    stage = history.stages.get("train")
    times = history.train["loss"].times
    if stage is None or stage.state != "running" or len(times) < 4:
        return []
    recent = times[-50:]
    usual = float(np.median(np.diff(recent)))
    silent = now - max(float(recent[-1]), history.last_event)
    if silent < max(SHORTEST_STALL, SLOW_REPORTS * usual):
        return []
    silence = f"no word for {formatting.duration(silent)}, a report came every {formatting.duration(usual)}"
    return [
        Alert("▲", "warning", f"{silence}: it may be stuck, asleep or crowded out; x in the runs stops it")
    ]
