"""Stage `train`: the adapter's checkpoints, gone on from the last whole one after an interruption."""

from __future__ import annotations

import shutil

from t2sql import train
from t2sql.pipeline.budget import stage_seconds
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.runs import StageHandle
from t2sql.runs.records import (
    EndEvent,
    Event,
    TrainedCheckpoint,
    TrainResult,
    TrainStartEvent,
)


def inputs(context: Context) -> JsonObject:
    """The training settings that change the weights, the base model, and the data."""
    settings = context.settings.train
    # As versions that did not know it recorded their stages.
    unset = {"minutes"} if settings.minutes is None else set()
    model = train.base_directory(context.named_model, settings)
    return {
        "settings": settings.model_dump(mode="json", exclude={*train.FREE_SETTINGS, *unset}),
        "model": model.fingerprint,
        "data": context.run.key("data"),
    }


def work(context: Context, stage: StageHandle) -> TrainResult:
    """Train, or go on."""
    run, start = context.run, TrainResult()

    def emit(event: Event) -> None:
        nonlocal start
        if isinstance(event, TrainStartEvent):
            start = TrainResult(
                total_parameters=event.total_parameters,
                trainable_parameters=event.trainable_parameters,
                device=event.device,
            )
            stage.save(start)
        # The stage emits its own end event, once its outputs are recorded.
        if not isinstance(event, EndEvent):
            stage.emit(event)

    if not stage.resume:
        if train.checkpoints(run.path):
            context.say("the model, the data or a training setting changed: training starts again")
        shutil.rmtree(run.layout.checkpoints, ignore_errors=True)
    trained = train.train(
        context.settings.train,
        context.dataset,
        run.path,
        emit=emit,
        resume=stage.resume,
        model=context.named_model,
        seconds=stage_seconds("train", context.settings.train.minutes, run.planned),
    )
    # Not the directory: which of the checkpoints is chosen is written beside them later, and changes none.
    stage.outputs(checkpoint.path for checkpoint in trained.checkpoints)
    return TrainResult(
        total_parameters=start.total_parameters,
        trainable_parameters=start.trainable_parameters,
        device=start.device,
        best_step=trained.best_step,
        best=trained.best.relative_to(run.path).as_posix(),
        steps=trained.steps,
        train_loss=trained.train_loss,
        valid_loss=trained.valid_loss,
        base_valid_loss=trained.base_valid_loss,
        checkpoints=tuple(
            TrainedCheckpoint(
                step=checkpoint.step,
                path=checkpoint.path.relative_to(run.path).as_posix(),
                valid_loss=checkpoint.valid_loss,
            )
            for checkpoint in trained.checkpoints
        ),
    )
