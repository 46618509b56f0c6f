"""Stage `compare`: every file on every backend, beside the base model and the commonest query shape."""

from __future__ import annotations

import shutil
from dataclasses import replace

from t2sql import evaluate, models
from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import base_file, model_file, model_files
from t2sql.pipeline.stage_data import dataset_of


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    limits = {"llama": settings.compare_limit or None, "mlx": settings.compare_limit_mlx or None}
    inputs = {
        "quantize": run.key("quantize"),
        "convert": run.key("convert"),
        "fuse": run.key("fuse"),
        "data": run.key("data"),
        "limits": limits,
        "max_tokens": settings.max_tokens,
    }
    with run.stage("compare", inputs) as stage:
        if stage.done:
            return
        out = run.dir_of("predictions")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        dataset = dataset_of(context)
        files = [*model_files(run, settings.types), run.dir_of("fused")]
        comparison = evaluate.compare(
            [models.resolve(file) for file in files],
            dataset,
            evaluate.CompareOptions(
                limits=limits,
                max_tokens=settings.max_tokens,
                references=[model_file(run, "f32").stem],
                out_dir=out,
                force=True,
            ),
            base=models.resolve(base_file(run)),
            progress=stage.progress,
        )
        baseline = evaluate.common_shape_baseline(dataset)
        for warning in comparison.warnings:
            stage.emit("warning", message=warning)
        result = replace(comparison.result, baseline=baseline.summary.accuracy, baseline_shape=baseline.shape)
        stage.result.update(result.to_json())
        stage.output(out)
