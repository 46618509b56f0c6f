"""The events of the work that a run holds now; events.jsonl also has those of work thrown away."""

from __future__ import annotations

from collections.abc import Container, Sequence

from t2sql.runs.records import Event, ProgressEvent, StartEvent


def current_events(events: Sequence[Event], stages: Container[str]) -> list[Event]:
    """Leave out what stages reported before they began anew.

    Args:
        events: Events of a run, in their order.
        stages: The names of the stages that have begun, as stages.json has them now.

    Returns:
        Events of the run as a whole, and those of each stage since its last start from nothing.
    """
    begins: dict[str | None, int] = {}
    before: dict[str | None, int] = {}
    for index, event in enumerate(events):
        if isinstance(event, StartEvent) and not event.resume:
            before[event.stage] = begins.get(event.stage, 0)
            begins[event.stage] = index
        elif isinstance(event, ProgressEvent) and event.resumed is not None:
            # Training that goes on from a checkpoint says so in the event after its start.
            begins[event.stage] = before.get(event.stage, 0)
    return [
        event
        for index, event in enumerate(events)
        if event.stage is None or (event.stage in stages and index >= begins.get(event.stage, 0))
    ]
