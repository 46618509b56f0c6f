"""Stage `verify`: every GGUF file is still the fused model."""

from __future__ import annotations

from t2sql.errors import WorkError
from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import model_files


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs = {"quantize": run.key("quantize"), "convert": run.key("convert"), "fuse": run.key("fuse")}
    with run.stage("verify", inputs) as stage:
        if stage.done:
            return
        from t2sql import gguf

        results = []
        for path in model_files(run, settings.types):
            result = gguf.verify(run.dir_of("fused"), path, progress=stage.progress)
            stage.emit("result", file=path.name, type=result.type, ok=result.ok, cause=result.cause)
            results.append(result.to_dict() | {"file": path.name})
            stage.result["files"] = results
        bad = next((result for result in results if not result["ok"]), None)
        if bad is not None:
            raise WorkError("a file is not the same model", where=bad["path"], found=bad["cause"])
