"""Stage `convert`: the fused model as an f32 GGUF, and the base model at Q8_0 to compare it with."""

from __future__ import annotations

from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import base_file, model_file, sweep


def work(context: Context) -> None:
    run = context.run
    inputs = {"fuse": run.key("fuse"), "model": context.model_key, "file": model_file(run, "f32").name}
    with run.stage("convert", inputs) as stage:
        if stage.done:
            return
        from t2sql import gguf

        stage.clear()
        sweep(run)
        fused = gguf.convert(
            run.dir_of("fused"), model_file(run, "f32"), type="f32", force=True, progress=stage.progress
        )
        base = gguf.convert(
            context.model_directory, base_file(run), type="q8_0", force=True, progress=stage.progress
        )
        for warning in [*fused.warnings, *base.warnings]:
            stage.emit("warning", message=warning)
        stage.result["files"] = [fused.to_dict(), base.to_dict()]
        stage.outputs([fused.path, base.path])
