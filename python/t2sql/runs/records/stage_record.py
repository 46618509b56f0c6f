"""stages.json: what each stage was made from, what it put out, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from t2sql.plain import JsonObject
from t2sql.runs.records.codec import Record

StageState = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class StageOutput(Record):
    """A file or directory that has to be in place for its stage to be done.

    Attributes:
        bytes: Size, in bytes.
        fingerprint: A hash of the content.
    """

    bytes: int
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class StageRecord(Record):
    """One stage.

    Attributes:
        state: "running", "done", "failed" or "interrupted".
        inputs: What the stage was made from: settings, fingerprints, and the keys of earlier stages. When one
            changes, the stage is done again.
        outputs: What it put out, by path relative to the run.
        result: What it found, as the result type of the stage has it.
        started: When it began, in seconds since 1970 (UTC).
        seconds: Time that it took, in seconds; null while it runs.
    """

    state: StageState
    inputs: JsonObject = field(default_factory=dict)
    outputs: dict[str, StageOutput] = field(default_factory=dict)
    result: JsonObject = field(default_factory=dict)
    started: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class StagesFile(Record):
    """The whole of stages.json.

    Attributes:
        v: Version of the format.
        planned: The stages that make this run whole, in order.
        stages: The stages that have begun, by name.
    """

    v: int = 1
    planned: tuple[str, ...] = ()
    stages: dict[str, StageRecord] = field(default_factory=dict)
