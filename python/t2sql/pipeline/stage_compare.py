"""Stage `compare`: every file on every backend, beside the base model and the commonest query shape."""

from __future__ import annotations

from dataclasses import replace

from t2sql import evaluate, models
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.prompt import PromptFormat
from t2sql.runs import StageHandle
from t2sql.runs.records import CompareResult


def inputs(context: Context) -> JsonObject:
    """The files, the questions, and how many of them."""
    run = context.run
    keys = {name: run.key(name) for name in ("quantize", "convert", "fuse", "data")}
    return keys | {"limits": _limits(context), "max_tokens": context.settings.max_tokens}


def work(context: Context, stage: StageHandle) -> CompareResult:
    """Ask every file, and write its answers."""
    layout, settings = context.run.layout, context.settings
    out = layout.predictions
    out.mkdir(exist_ok=True)
    for file in out.glob("*.jsonl"):
        file.unlink()
    files = [*layout.model_files(settings.types), layout.fused]
    comparison = evaluate.compare(
        [models.resolve(file) for file in files],
        context.dataset,
        evaluate.CompareOptions(
            limits=_limits(context),
            max_tokens=settings.max_tokens,
            references=[layout.model_file("f32").stem],
            base_prompt_format=_base_format(context),
            out_dir=out,
            force=True,
        ),
        base=models.resolve(layout.base_file),
        progress=stage.progress,
    )
    baseline = evaluate.common_shape_baseline(context.dataset)
    for warning in comparison.warnings:
        stage.warn(warning)
    stage.output(out)
    return replace(
        comparison.result,
        baseline=baseline.summary.accuracy,
        baseline_n=baseline.summary.n,
        baseline_shape=baseline.shape,
    )


def _base_format(context: Context) -> PromptFormat | None:
    """The format that a tuned base was trained on; None for an untuned one."""
    return PromptFormat.known(models.directory_facts(context.model.path).prompt_format)


def _limits(context: Context) -> dict[str, int | None]:
    """The most questions of a file, by backend; a setting of 0 means all."""
    settings = context.settings
    return {"llama": settings.compare_limit or None, "mlx": settings.compare_limit_mlx or None}
