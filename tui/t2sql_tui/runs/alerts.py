"""What a person should know about a run now, and what to do: failures, stalls, the newest warnings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from t2sql_tui import clock, formatting
from t2sql_tui.runs.history import History

MOST = 3
SLOW_REPORTS = 8
"""So many times the usual pause between two reports of training are a stall."""
SHORTEST_STALL = 30.0


@dataclass(frozen=True)
class Alert:
    """`mark` and `colour` say how bad it is, `text` what it is and what to do."""

    mark: str
    colour: str
    text: str


def alerts(history: History, now: float | None = None) -> list[Alert]:
    """The most important first."""
    run = history.summary
    if run is None:
        return []
    found: list[Alert] = []
    goes_on = f"go on with: t2sql run --out {Path(run.path)}"
    if run.state == "failed":
        found.append(Alert("✗", "error", f"{run.error or 'it failed'}; {goes_on}"))
    elif run.state == "stale":
        found.append(Alert("✗", "error", f"its process is gone without a word; {goes_on}"))
    elif run.state == "running":
        found += _stall(history, clock.now() if now is None else now)
    with history.lock:
        newest = list(dict.fromkeys(history.said[::-1]))
    found += [Alert("▲", "warning", text) for text in newest]
    return [Alert(a.mark, a.colour, formatting.plain(a.text, 400)) for a in found[:MOST]]


def _stall(history: History, now: float) -> list[Alert]:
    """Training that reports much later than it used to; other stages have no such rhythm."""
    stage = history.stages.get("train")
    times = history.train["loss"].times
    if stage is None or stage.state != "running" or len(times) < 4:
        return []
    recent = times[-50:]
    usual = float(np.median(np.diff(recent)))
    silent = now - max(float(recent[-1]), history.heard)
    if silent < max(SHORTEST_STALL, SLOW_REPORTS * usual):
        return []
    said = f"no word for {formatting.duration(silent)}, a report came every {formatting.duration(usual)}"
    return [Alert("▲", "warning", f"{said}: it may be stuck, asleep or crowded out; x in the runs stops it")]
