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
        from t2sql import train
        from t2sql.pipeline.losses import measure

        trained = run.stages["train"].result
        valid = {0: trained["base_valid_loss"]}
        valid |= {entry["step"]: entry["valid_loss"] for entry in trained["checkpoints"]}
        adapters = {0: None} | {info.step: info.path for info in train.checkpoints(run.path)}
        rows = []
        for done, (step, adapter) in enumerate(adapters.items()):
            stage.progress(done, len(adapters), "base" if adapter is None else f"step {step}")
            loss = measure(settings.model, adapter, dataset_of(context).test, settings.train.max_seq_length)
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
        stage.progress(len(adapters), len(adapters))
        stage.result.update(rows=rows, best_step=trained["best_step"])
