"""stages.json: read with errors that name it, written whole; what makes a stage's key."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from t2sql.errors import InputError
from t2sql.files import write_json
from t2sql.plain import parse_json
from t2sql.runs.artefacts import key_of
from t2sql.runs.records import RecordError, StageRecord, StageResult, StagesFile

VERSION = 1
_Result = TypeVar("_Result", bound=StageResult)


def read_stages(path: Path) -> StagesFile:
    """The record of a run's stages; of a run without one, an empty one.

    Raises:
        InputError: It is of another version or cannot be read.
    """
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
        stages = StagesFile.from_json(document)
    except FileNotFoundError:
        return StagesFile()
    except (RecordError, ValueError, OSError) as error:
        raise InputError(
            "the record of stages cannot be read",
            where=path,
            found=error,
            hint="Remove the file to run every stage again",
        ) from None
    if stages.v != VERSION:
        raise InputError(
            "stages of another version",
            where=path,
            expected=f"version {VERSION}",
            found=f"version {stages.v}",
        )
    return stages


def write_stages(path: Path, stages: StagesFile) -> None:
    """Write the record of a run's stages.

    Raises:
        OSError: It could not be written.
    """
    write_json(path, stages.to_json())


def read_result(path: Path, kind: type[_Result], record: StageRecord) -> _Result | None:
    """A stage's result as its type; None while it has none.

    Raises:
        InputError: The record holds something else; the error names the field.
    """
    if not record.result:
        return None
    try:
        return kind.from_json(record.result)
    except RecordError as error:
        raise InputError(
            f"the result of stage {kind.STAGE} cannot be read",
            where=path,
            found=error,
            hint="Remove the file to run every stage again",
        ) from None


def key_of_stage(record: StageRecord) -> str:
    """A hash that changes when an input of the stage or the content of an output does."""
    prints = {path: output.fingerprint for path, output in record.outputs.items()}
    return key_of({"inputs": record.inputs, "outputs": prints})
