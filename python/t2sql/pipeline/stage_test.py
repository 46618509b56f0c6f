"""Stage `test`: loss and perplexity of the base model and of every checkpoint, and which one is chosen."""

from __future__ import annotations

from t2sql.pipeline.chain import Context
from t2sql.pipeline.stage_data import dataset_of


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs = {"train": run.key("train"), "max_seq_length": settings.train.max_seq_length}
    with run.stage("test", inputs) as stage:
        if stage.done:
            return
        from t2sql import evaluate, train

        trained = run.stages["train"].result
        valid = {0: trained["base_valid_loss"]}
        valid |= {entry["step"]: entry["valid_loss"] for entry in trained["checkpoints"]}
        steps = {info.path: info.step for info in train.checkpoints(run.path)}
        rows = []
        for adapter, loss in evaluate.measure_checkpoints(
            settings.model,
            list(steps),
            dataset_of(context).test,
            max_seq_length=settings.train.max_seq_length,
            progress=stage.progress,
        ):
            step = 0 if adapter is None else steps[adapter]
            row = {
                "step": step,
                "valid_loss": valid.get(step),
                "test_loss": loss.loss,
                "test_perplexity": loss.perplexity,
                "tokens": loss.tokens,
                "n": loss.n,
                "best": step == trained["best_step"],
            }
            rows.append(row)
            stage.emit("result", **row)
            if adapter is None and loss.skipped:
                stage.emit("warning", message=f"{loss.skipped} test examples are too long and were left out")
        stage.result.update(rows=rows, best_step=trained["best_step"])
