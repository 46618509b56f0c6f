"""Stage `quantize`: the f32 file at each of the wanted types."""

from __future__ import annotations

from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import model_file, sweep


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs = {"convert": run.key("convert"), "types": settings.types}
    with run.stage("quantize", inputs) as stage:
        if stage.done:
            return
        from t2sql import gguf

        stage.clear()
        sweep(run)
        files = []
        for type in settings.types:
            result = gguf.quantize(
                model_file(run, "f32"), model_file(run, type), type, force=True, progress=stage.progress
            )
            for warning in result.warnings:
                stage.emit("warning", message=warning)
            files.append(result.to_dict())
            stage.output(result.path)
        stage.result["files"] = files
