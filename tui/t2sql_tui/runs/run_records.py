"""The records of a run as types, whichever way `t2sql.runs` gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from t2sql import runs
from t2sql.errors import InputError
from t2sql.runs import records

_Result = TypeVar("_Result", bound=records.StageResult)


def typed_events(events: Iterable[Any]) -> list[records.Event]:
    """Events as types; a damaged one becomes a warning."""
    return [event if isinstance(event, records.Event) else _typed(event) for event in events]


def _typed(event: Any) -> records.Event:
    try:
        return records.event_from_json(event)
    except records.RecordError as error:
        return records.WarningEvent(message=f"an event is damaged: {error}")


def stage_result(run: Any, kind: type[_Result]) -> _Result | None:
    """What a stage found; None where it has found nothing yet, or its record is damaged."""
    record = run.stages.get(kind.STAGE)
    if record is None:
        return None
    try:
        return kind.from_json(record.result)
    except (records.RecordError, InputError):
        return None


def chosen_step(run: runs.Run) -> int | None:
    """The step of the chosen checkpoint; None while none is chosen."""
    chosen: Any = run.chosen
    if chosen is None:
        return None
    return chosen.get("step") if isinstance(chosen, dict) else chosen.step
