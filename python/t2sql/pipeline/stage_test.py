"""Stage `test`: loss and perplexity of every checkpoint, the choice of one, and which answers to trust."""

from __future__ import annotations

from dataclasses import replace

from t2sql import data, evaluate, models, train
from t2sql.confidence import calibrate
from t2sql.grammar import Width, trained_width
from t2sql.pipeline.context import Context
from t2sql.plain import Json, JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import (
    ChosenCheckpoint,
    LossEvent,
    Pair,
    ScoreEvent,
    TestedCheckpoint,
    TestResult,
    Threshold,
    TrainResult,
    ValidationScore,
)
from t2sql.train import CheckpointInfo


def inputs(context: Context) -> JsonObject:
    """Training, and what decides the choice."""
    settings = context.settings
    own: dict[str, Json] = {
        "train": context.run.key("train"),
        "max_seq_length": settings.train.max_seq_length,
        "select": settings.select,
    }
    if settings.select == "execution":
        own |= {"select_limit": settings.select_limit, "max_tokens": settings.max_tokens}
    return own


def work(context: Context, stage: StageHandle) -> TestResult:
    """Measure every checkpoint and choose one."""
    run = context.run
    checkpoints = train.checkpoints(run.path)
    rows = _losses(context, stage, checkpoints)
    calibration, pairs = None, None
    width = _width(context)
    if context.settings.select == "execution":
        rows, calibration, pairs = _scores(context, stage, checkpoints, rows, width)
    chosen = replace(_choice(_best(checkpoints, rows), rows, calibration), grammar=width)
    run.choose(chosen)
    return TestResult(
        calibration=calibration,
        pairs=pairs,
        rows=tuple(replace(row, best=row.step == chosen.step) for row in rows),
        best_step=chosen.step,
        chosen=run.chosen,
    )


def _width(context: Context) -> Width:
    """The grammar that the answers need: the data's, or the wide one where the base was tuned for that."""
    if models.directory_facts(context.model.path).grammar == "wide":
        return "wide"
    return trained_width([(one.schema, one.sql) for one in context.dataset.train if one.sql])


def _losses(
    context: Context, stage: StageHandle, checkpoints: list[CheckpointInfo]
) -> list[TestedCheckpoint]:
    """A row each, the base model's first."""
    trained = context.run.result(TrainResult) or TrainResult()
    valid = {0: trained.base_valid_loss}
    valid |= {checkpoint.step: checkpoint.valid_loss for checkpoint in checkpoints}
    steps = {checkpoint.path: checkpoint.step for checkpoint in checkpoints}
    rows = []
    for adapter, loss in evaluate.measure_checkpoints(
        context.named_model,
        list(steps),
        context.dataset.test,
        max_seq_length=context.settings.train.max_seq_length,
        progress=stage.progress,
    ):
        step = 0 if adapter is None else steps[adapter]
        row = TestedCheckpoint(
            step=step,
            valid_loss=valid.get(step),
            test_loss=loss.loss,
            test_perplexity=loss.perplexity,
            tokens=loss.tokens,
            n=loss.n,
        )
        rows.append(row)
        stage.emit(
            LossEvent(
                step=step,
                valid_loss=row.valid_loss,
                test_loss=row.test_loss,
                test_perplexity=row.test_perplexity,
                tokens=row.tokens,
                n=row.n,
            )
        )
        if adapter is None and loss.skipped:
            stage.warn(f"{loss.skipped} test examples are too long and were left out")
    return rows


def _scores(
    context: Context,
    stage: StageHandle,
    checkpoints: list[CheckpointInfo],
    rows: list[TestedCheckpoint],
    width: Width,
) -> tuple[list[TestedCheckpoint], Threshold | None, tuple[Pair, ...] | None]:
    """The rows with their answers to validation questions, the best one's threshold, and its pairs."""
    settings, dataset = context.settings, context.dataset
    asked = data.subset([e for e in dataset.valid if e.sql], settings.select_limit or None)
    if not asked:
        stage.warn("no validation example has a gold statement: chosen by loss")
        return rows, None, None
    scores: dict[int, ValidationScore] = {}
    predictions = {}
    for checkpoint, score in zip(
        checkpoints,
        evaluate.score_checkpoints(
            context.named_model,
            [checkpoint.path for checkpoint in checkpoints],
            dataset,
            asked,
            evaluate.PredictOptions(max_tokens=settings.max_tokens, width=width),
            progress=stage.progress,
        ),
        strict=True,
    ):
        scores[checkpoint.step] = score.to_record(of=len(dataset.valid))
        predictions[checkpoint.step] = score.predictions
        stage.emit(ScoreEvent(step=checkpoint.step, valid=score.to_record()))
    scored = [replace(row, valid=scores.get(row.step)) for row in rows]
    best = _best(checkpoints, scored).step
    found = calibrate(predictions[best].graded)
    against = predictions[best].answers(str(best))
    pairs = [
        evaluate.pair(against, answered.answers(str(step)))
        for step, answered in predictions.items()
        if step != best
    ]
    threshold = Threshold(
        min_logprob=found.min_logprob,
        target=found.target,
        n=found.n,
        answered=found.answered,
        right=found.right,
    )
    return scored, threshold, tuple(pairs)


def _choice(
    best: CheckpointInfo, rows: list[TestedCheckpoint], calibration: Threshold | None
) -> ChosenCheckpoint:
    """The checkpoint with why it was chosen."""
    score = next(row.valid for row in rows if row.step == best.step)
    if score is None or calibration is None:
        return ChosenCheckpoint(step=best.step, valid_loss=best.valid_loss, select="loss")
    return ChosenCheckpoint(
        step=best.step,
        valid_loss=best.valid_loss,
        select="execution",
        valid_accuracy=score.accuracy,
        valid_n=score.n,
        measure=score.measure,
        min_logprob=calibration.min_logprob,
    )


def _best(checkpoints: list[CheckpointInfo], rows: list[TestedCheckpoint]) -> CheckpointInfo:
    """The most right answers where they were counted; then the lowest loss; then the earliest."""
    correct = {row.step: row.valid.correct for row in rows if row.valid is not None}

    def rank(checkpoint: CheckpointInfo) -> tuple[int, float, int]:
        loss = checkpoint.valid_loss if checkpoint.valid_loss is not None else float("inf")
        return -correct.get(checkpoint.step, 0), loss, checkpoint.step

    return min(checkpoints, key=rank)
