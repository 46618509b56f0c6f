"""events.jsonl: which class a line is read as."""

from __future__ import annotations

from t2sql.plain import Json, JsonObject
from t2sql.runs.records.codec import RecordError
from t2sql.runs.records.events import (
    VERSION,
    EndEvent,
    ErrorEvent,
    Event,
    ProgressEvent,
    StartEvent,
    UnknownEvent,
    WarningEvent,
)
from t2sql.runs.records.stage_events import (
    CheckpointEvent,
    LossEvent,
    ScheduleEvent,
    ScoreEvent,
    TrainEvent,
    TrainStartEvent,
    ValidEvent,
    VerifyEvent,
)

EVENTS: tuple[type[Event], ...] = (
    StartEvent,
    TrainStartEvent,
    ProgressEvent,
    ScheduleEvent,
    TrainEvent,
    ValidEvent,
    CheckpointEvent,
    LossEvent,
    ScoreEvent,
    VerifyEvent,
    WarningEvent,
    EndEvent,
    ErrorEvent,
)
"""Every class of event that is written."""

_BY_KIND = {cls.KIND: cls for cls in EVENTS if cls.KIND not in ("start", "result")}


def event_from_json(document: Json) -> Event:
    """An event of the class that its kind names.

    Raises:
        RecordError: `document` is no event of this version of the format, or a field has a wrong type.
    """
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise RecordError("not an event")
    if document.get("v") != VERSION:
        raise RecordError(f"expected version {VERSION}, found {document.get('v')!r}")
    cls = _class_of(document)
    if cls is not None:
        return cls.from_json(document)
    common = Event.from_json(document)
    return UnknownEvent(time=common.time, stage=common.stage, document=document)


def _class_of(document: JsonObject) -> type[Event] | None:
    kind = document["kind"]
    if kind == "start":
        return TrainStartEvent if "trainable_parameters" in document else StartEvent
    if kind == "result":
        if "file" in document:
            return VerifyEvent
        if "step" in document:
            return ScoreEvent if "valid" in document else LossEvent
        return None
    return _BY_KIND.get(str(kind))
