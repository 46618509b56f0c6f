"""Stage `fuse`: the chosen checkpoint in the base model's weights."""

from __future__ import annotations

from t2sql import fuse, train
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import FuseResult


def inputs(context: Context) -> JsonObject:
    """Training, the base model, and which checkpoint was chosen."""
    run = context.run
    adapter = train.adapter_path(run.path)
    return {"train": run.key("train"), "model": context.model.fingerprint, "adapter": adapter.name}


def work(context: Context, stage: StageHandle) -> FuseResult:
    """Write the fused model as a Hugging Face directory."""
    run, out = context.run, context.run.layout.fused
    fused = fuse.fuse(
        context.named_model, train.adapter_path(run.path), out, force=True, progress=stage.progress
    )
    stage.output(out)
    return FuseResult(step=train.best_step(run.path), max_change=fused.max_change, max_error=fused.max_error)
