"""What of a run's events a tracker gets."""

from __future__ import annotations

import math
from collections.abc import Iterable

from t2sql.runs.records import Event
from t2sql.trackers.opening import Tracker

_NOT_MEASURED = {"v", "time", "step"}


def metrics_of(event: Event) -> tuple[int, dict[str, float]] | None:
    """The step of an event and its numbers, each named `KIND/FIELD`; None where it has no step or no number.

    Args:
        event: Any event of a run, such as one of `train` with a loss.
    """
    document = event.to_json()
    step = document.get("step")
    if not isinstance(step, int):
        return None
    numbers = {
        f"{event.kind}/{name}": float(value)
        for name, value in document.items()
        if name not in _NOT_MEASURED
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    }
    return (step, numbers) if numbers else None


def report_events(events: Iterable[Event], tracker: Tracker) -> int:
    """Give a tracker the numbers of events.

    Args:
        events: The events; iteration may wait for new ones.
        tracker: Who gets them.

    Returns:
        How many events had numbers.
    """
    count = 0
    for event in events:
        if (measured := metrics_of(event)) is not None:
            step, metrics = measured
            tracker.log(metrics, step)
            count += 1
    return count
