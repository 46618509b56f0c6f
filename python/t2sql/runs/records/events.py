"""events.jsonl: what happens in a run, a line each. Here are the kinds that every stage has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from t2sql.plain import Json, JsonObject
from t2sql.runs.records.codec import ABSENT, Record

VERSION = 1
"""The version that is written to each event's `v`."""


@dataclass(frozen=True, kw_only=True)
class Event(Record):
    """What all events have. Whoever emits one leaves these fields out: the run fills them in.

    Attributes:
        v: Version of the format.
        time: When it was written, in seconds since 1970 (UTC).
        stage: The stage that it belongs to; null for the run as a whole.
        kind: Which kind of event it is.
    """

    KIND: ClassVar[str] = ""

    v: int = VERSION
    time: float | None = None
    stage: str | None = None

    @property
    def kind(self) -> str:
        """The kind as it is written."""
        return self.KIND

    def to_json(self) -> dict[str, Json]:
        """The event as it is written: what all events have comes first."""
        document = super().to_json()
        head: dict[str, Json] = {"v": self.v, "time": self.time, "stage": self.stage, "kind": self.kind}
        return head | document


@dataclass(frozen=True, kw_only=True)
class StartEvent(Event):
    """A stage begins.

    Attributes:
        resume: Whether it goes on with work that was cut short.
    """

    KIND = "start"

    resume: bool = False


@dataclass(frozen=True, kw_only=True)
class ProgressEvent(Event):
    """How far a stage is.

    Attributes:
        done: Units that are done.
        total: Units in all.
        unit: What is counted, such as "steps"; empty where the label says it.
        label: What is being worked on.
        resumed: The checkpoint that training goes on from; only in the event that says so.
    """

    KIND = "progress"

    done: float
    total: float
    unit: str = ""
    label: str = ""
    resumed: str | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class WarningEvent(Event):
    """Something that a person should know, though the work goes on.

    Attributes:
        message: The warning.
        line: Number of the line of events.jsonl that is damaged; only in warnings that a reader makes of
            such.
    """

    KIND = "warning"

    message: str = "a warning"
    line: int | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class EndEvent(Event):
    """A stage is done.

    Attributes:
        seconds: Time that it took, in seconds; after a resumption, since then.
    """

    KIND = "end"

    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ErrorEvent(Event):
    """A stage failed or was interrupted.

    Attributes:
        message: What went wrong.
        interrupted: Whether it was Ctrl-C or a signal.
        error: The exception's class.
    """

    KIND = "error"

    message: str = ""
    interrupted: bool = False
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class UnknownEvent(Event):
    """An event of a kind that this version does not know: a newer version wrote it.

    Attributes:
        document: All of it, as it is written.
    """

    document: JsonObject = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind as it is written."""
        return str(self.document.get("kind"))

    def to_json(self) -> dict[str, Json]:
        """The event as it was read."""
        return dict(self.document)
