"""Stage `convert`: the fused model as an f32 GGUF, and the base model at Q8_0 to compare it with."""

from __future__ import annotations

from t2sql import gguf
from t2sql.gguf import ConvertResult as Converted
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import ConvertResult, WrittenFile


def inputs(context: Context) -> JsonObject:
    """Both models, and the file's name, which follows the run's."""
    run = context.run
    return {
        "fuse": run.key("fuse"),
        "model": context.model.fingerprint,
        "file": run.layout.model_file("f32").name,
    }


def work(context: Context, stage: StageHandle) -> ConvertResult:
    """Convert both."""
    layout = context.run.layout
    stage.clear()
    layout.remove_unfinished_models()
    fused = gguf.convert(
        layout.fused, layout.model_file("f32"), type="f32", force=True, progress=stage.progress
    )
    base = gguf.convert(
        context.model.path, layout.base_file, type="q8_0", force=True, progress=stage.progress
    )
    stage.outputs([fused.path, base.path])
    return ConvertResult(files=(written(fused, stage), written(base, stage)))


def written(file: Converted, stage: StageHandle) -> WrittenFile:
    """The record of a file; what could not be done as asked becomes a warning of the stage."""
    for warning in file.warnings:
        stage.warn(warning)
    return WrittenFile(
        path=str(file.path),
        bytes=file.bytes,
        tensors=file.tensors,
        types=file.types,
        seconds=file.seconds,
        warnings=tuple(file.warnings),
        files=tuple(str(path) for path in file.files),
    )
