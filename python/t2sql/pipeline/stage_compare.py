"""Stage `compare`: every file on every backend, beside the base model and the commonest query shape."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from t2sql.pipeline.chain import Context
from t2sql.pipeline.files import base_file, model_file, model_files
from t2sql.pipeline.stage_data import dataset_of

if TYPE_CHECKING:
    from t2sql.evaluate import Comparison


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
        from t2sql import evaluate

        out = run.dir_of("predictions")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        dataset = dataset_of(context)
        files = [*model_files(run, settings.types), run.dir_of("fused")]
        comparison = evaluate.compare(
            [str(file) for file in files],
            dataset,
            limit=limits,
            max_tokens=settings.max_tokens,
            references=[model_file(run, "f32").stem],
            out_dir=out,
            force=True,
            base=base_file(run),
            progress=stage.progress,
        )
        baseline = evaluate.common_shape_baseline(dataset)
        for warning in comparison.warnings:
            stage.emit("warning", message=warning)
        stage.result.update(comparison_result(comparison, base=base_file(run).stem))
        stage.result["baseline"] = baseline.summary.accuracy
        stage.result["baseline_shape"] = baseline.shape
        stage.output(out)


def comparison_result(comparison: Comparison, *, base: str | None = None) -> dict[str, Any]:
    """What the run records, and the report and the app show. `base` names the base model's file."""
    from t2sql.prompt import parse_prompt

    rows = []
    for row in comparison.rows:
        rows.append(row.to_dict() | {"name": row.model, "base": row.model == base})
    questions = [
        {
            "question": parse_prompt(prompt)[1],
            "answers": [
                {"name": row.model, "backend": row.backend, "sql": row.answers[i]} for row in comparison.rows
            ],
        }
        for i, prompt in enumerate(comparison.questions)
    ]
    tuned = [row for row in rows if not row["base"] and row["n"]]
    # A share of a few questions says little: the best among those that were asked the most.
    most = max((row["n"] for row in tuned), default=0)
    best = max((row["accuracy"] for row in tuned if row["n"] == most), default=None)
    return {
        "split": comparison.split,
        "seed": comparison.seed,
        "rows": rows,
        "pairs": comparison.to_dict()["pairs"],
        "questions": questions,
        "best_score": best,
    }
