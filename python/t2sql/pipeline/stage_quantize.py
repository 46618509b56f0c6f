"""Stage `quantize`: the f32 file at each of the wanted types."""

from __future__ import annotations

from t2sql import gguf
from t2sql.pipeline.context import Context
from t2sql.pipeline.stage_convert import written
from t2sql.plain import JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import QuantizeResult


def inputs(context: Context) -> JsonObject:
    """The f32 file, and the types."""
    return {"convert": context.run.key("convert"), "types": context.settings.types}


def work(context: Context, stage: StageHandle) -> QuantizeResult:
    """Write a file for each type."""
    layout = context.run.layout
    stage.clear()
    layout.remove_unfinished_models()
    files = []
    for ggml_type in context.settings.types:
        file = gguf.quantize(
            layout.model_file("f32"),
            layout.model_file(ggml_type),
            ggml_type,
            force=True,
            progress=stage.progress,
        )
        files.append(written(file, stage))
        stage.output(file.path)
    return QuantizeResult(files=tuple(files))
