"""Stage `verify`: every GGUF file is still the model it was made from."""

from __future__ import annotations

from t2sql.errors import WorkError
from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import base_file, model_files
from t2sql.pipeline.stage_data import dataset_of

# Enough to meet every kind of question; each is tokenized twice, and a few are predicted from.
_PROMPTS = 60


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs = {
        "quantize": run.key("quantize"),
        "convert": run.key("convert"),
        "fuse": run.key("fuse"),
        "data": run.key("data"),
    }
    with run.stage("verify", inputs) as stage:
        if stage.done:
            return
        from t2sql import verification

        prompts = verification.prompts_of(dataset_of(context), limit=_PROMPTS)
        results = []
        for source, files in (
            (run.dir_of("fused"), model_files(run, settings.types)),
            (context.model_directory, [base_file(run)]),
        ):
            for result in verification.verify_files(source, files, prompts=prompts, progress=stage.progress):
                name = result.path.name
                stage.emit("result", file=name, type=result.type, ok=result.ok, cause=result.cause)
                document = result.to_dict() | {"file": name}
                # One line a tensor is for who asks about a file; a run's record keeps the outcome.
                del document["tensors"]
                results.append(document)
                stage.result["files"] = results
                if result.drift is not None:
                    stage.emit("warning", message=f"{name} drifts: {result.drift}")
                elif not result.ok:
                    raise WorkError("a file is not the same model", where=result.path, found=result.cause)
