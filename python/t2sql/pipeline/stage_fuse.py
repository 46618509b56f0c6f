"""Stage `fuse`: the chosen checkpoint in the base model's weights."""

from __future__ import annotations

from t2sql import train
from t2sql.pipeline.chain import Context


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    chosen = train.adapter_path(run.path)
    inputs = {"train": run.key("train"), "model": context.model_key, "adapter": chosen.name}
    with run.stage("fuse", inputs) as stage:
        if stage.done:
            return
        from t2sql import fuse

        out = run.dir_of("fused")
        result = fuse.fuse(settings.model, chosen, out, force=True, progress=stage.progress)
        stage.result.update(
            step=train.best_step(run.path),
            max_change=result.max_change,
            max_error=result.max_error,
        )
        stage.output(out)
