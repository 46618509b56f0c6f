"""Stage `verify`: every GGUF file is still the model it was made from."""

from __future__ import annotations

from t2sql import verification
from t2sql.errors import WorkError
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import Check, VerifiedFile, VerifyEvent, VerifyResult

_PROMPTS = 60
"""Enough to meet every kind of question; each is tokenized twice, and a few are predicted from."""


def inputs(context: Context) -> JsonObject:
    """The files, the models that they were made from, and the prompts."""
    run = context.run
    return {name: run.key(name) for name in ("quantize", "convert", "fuse", "data")}


def work(context: Context, stage: StageHandle) -> VerifyResult:
    """Check every file.

    Raises:
        WorkError: A file is not the same model; what was found so far is in the stage's record.
    """
    layout, result = context.run.layout, VerifyResult()
    prompts = verification.prompts_of(context.dataset, limit=_PROMPTS)
    for source, files in (
        (layout.fused, layout.model_files(context.settings.types)),
        (context.model.path, [layout.base_file]),
    ):
        for checked in verification.verify_files(source, files, prompts=prompts, progress=stage.progress):
            file = _record(checked)
            stage.emit(VerifyEvent(file=file.file, type=file.type, ok=file.ok, cause=file.cause))
            result = VerifyResult(files=(*result.files, file))
            stage.save(result)
            if checked.drift is not None:
                stage.warn(f"{file.file} drifts: {checked.drift}")
            elif not file.ok:
                raise WorkError("a file is not the same model", where=file.path, found=file.cause)
    return result


def _record(checked: verification.VerifyResult) -> VerifiedFile:
    """The outcome. One line for each tensor is for those who ask about a file: a run does not record them."""
    return VerifiedFile(
        ok=checked.ok,
        cause=checked.cause,
        source=str(checked.source),
        path=str(checked.path),
        type=checked.type,
        checks=tuple(
            Check(name=check.name, ok=check.ok, value=check.value, bound=check.bound, detail=check.detail)
            for check in checked.checks
        ),
        seconds=checked.seconds,
        file=checked.path.name,
    )
