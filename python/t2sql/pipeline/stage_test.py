"""Stage `test`: loss and perplexity of the base model and of every checkpoint, which one is chosen, and from
which log-probability on its answers are trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from t2sql import train
from t2sql.confidence import calibrate
from t2sql.pipeline.chain import Context
from t2sql.pipeline.stage_data import dataset_of
from t2sql.runs.records import ChosenCheckpoint

if TYPE_CHECKING:
    from t2sql.runs import StageHandle
    from t2sql.train import CheckpointInfo


def work(context: Context) -> None:
    run, settings = context.run, context.settings
    inputs: dict[str, Any] = {
        "train": run.key("train"),
        "max_seq_length": settings.train.max_seq_length,
        "select": settings.select,
    }
    if settings.select == "execution":
        inputs |= {"select_limit": settings.select_limit, "max_tokens": settings.max_tokens}
    with run.stage("test", inputs) as stage:
        if stage.done:
            return
        found = train.checkpoints(run.path)
        rows = _losses(context, stage, found)
        if settings.select == "execution":
            _scores(context, stage, found, rows)
        chosen = _choose(context, found, rows, stage.result.get("calibration"))
        for row in rows:
            row["best"] = row["step"] == chosen.step
        stage.result.update(rows=rows, best_step=chosen.step, chosen=run.chosen)


def _losses(context: Context, stage: StageHandle, found: list[CheckpointInfo]) -> list[dict[str, Any]]:
    """A row each, the base model's first."""
    from t2sql import evaluate

    valid = {0: context.run.stages["train"].result["base_valid_loss"]}
    valid |= {checkpoint.step: checkpoint.valid_loss for checkpoint in found}
    steps = {checkpoint.path: checkpoint.step for checkpoint in found}
    rows = []
    for adapter, loss in evaluate.measure_checkpoints(
        context.settings.model,
        list(steps),
        dataset_of(context).test,
        max_seq_length=context.settings.train.max_seq_length,
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
        }
        rows.append(row)
        stage.emit("result", **row)
        if adapter is None and loss.skipped:
            stage.emit("warning", message=f"{loss.skipped} test examples are too long and were left out")
    return rows


def _scores(
    context: Context, stage: StageHandle, found: list[CheckpointInfo], rows: list[dict[str, Any]]
) -> None:
    """Put what each checkpoint answers to the validation questions into its row."""
    from t2sql import evaluate

    settings, dataset = context.settings, dataset_of(context)
    asked = evaluate.subset([e for e in dataset.valid if e.sql], settings.select_limit or None)
    if not asked:
        stage.emit("warning", message="no validation example has a gold statement: chosen by loss")
        return
    by_step = {row["step"]: row for row in rows}
    answers, graded = [], {}
    for checkpoint, score in zip(
        found,
        evaluate.score_checkpoints(
            settings.model,
            [checkpoint.path for checkpoint in found],
            dataset,
            asked,
            evaluate.PredictOptions(max_tokens=settings.max_tokens),
            progress=stage.progress,
        ),
        strict=True,
    ):
        by_step[checkpoint.step]["valid"] = score.to_record(of=len(dataset.valid)).to_json()
        answers.append(score.predictions.answers(str(checkpoint.step)))
        graded[str(checkpoint.step)] = score.predictions.graded
        stage.emit("result", step=checkpoint.step, valid=score.to_record().to_json())
    best = str(_best(found, rows).step)
    against = next(a for a in answers if a.model == best)
    stage.result["calibration"] = calibrate(graded[best]).to_dict()
    stage.result["pairs"] = [evaluate.pair(against, a).to_json() for a in answers if a is not against]


def _choose(
    context: Context,
    found: list[CheckpointInfo],
    rows: list[dict[str, Any]],
    calibration: dict[str, Any] | None,
) -> CheckpointInfo:
    chosen = _best(found, rows)
    valid = next(row.get("valid") for row in rows if row["step"] == chosen.step)
    if valid is None or calibration is None:
        best = ChosenCheckpoint(step=chosen.step, valid_loss=chosen.valid_loss, select="loss")
    else:
        best = ChosenCheckpoint(
            step=chosen.step,
            valid_loss=chosen.valid_loss,
            select="execution",
            valid_accuracy=valid["accuracy"],
            valid_n=valid["n"],
            measure=valid["measure"],
            min_logprob=calibration["min_logprob"],
        )
    train.choose(context.run.path, best)
    return chosen


def _best(found: list[CheckpointInfo], rows: list[dict[str, Any]]) -> CheckpointInfo:
    """The most right answers where they were counted; then the lowest loss; then the earliest."""
    correct = {row["step"]: row["valid"]["correct"] for row in rows if "valid" in row}

    def rank(checkpoint: CheckpointInfo) -> tuple[int, float, int]:
        loss = checkpoint.valid_loss if checkpoint.valid_loss is not None else float("inf")
        return -correct.get(checkpoint.step, 0), loss, checkpoint.step

    return min(found, key=rank)
