"""What a run's stages found, where a damaged record must not keep the rest from being shown."""

from __future__ import annotations

from typing import TypeVar

from t2sql import runs
from t2sql.errors import InputError
from t2sql.runs import records

_Result = TypeVar("_Result", bound=records.StageResult)


def stage_result(run: runs.Run, kind: type[_Result]) -> _Result | None:
    """What a stage found; None where it has found nothing yet, or its record is damaged."""
    try:
        return run.result(kind)
    except InputError:
        return None
