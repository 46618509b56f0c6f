"""Stage `train`: the adapter's checkpoints, gone on from the last whole one after an interruption."""

from __future__ import annotations

import shutil

from t2sql.pipeline.chain import Context
from t2sql.pipeline.stage_data import dataset_of
from t2sql.runs import StageHandle
from t2sql.runs.records import EndEvent, Event, TrainStartEvent

_COMMON = ("v", "time", "stage", "kind")


def work(context: Context) -> None:
    from t2sql.train import FREE_SETTINGS

    run, settings = context.run, context.settings
    inputs = {
        "settings": settings.train.model_dump(mode="json", exclude=set(FREE_SETTINGS)),
        "model": context.model_key,
        "data": run.key("data"),
    }
    # The loop's own start event says more than the stage's.
    with run.stage("train", inputs, announce=False) as stage:
        if stage.done:
            return
        from t2sql import train

        if not stage.resume:
            if train.checkpoints(run.path):
                context.say("the model, the data or a training setting changed: training starts again")
            shutil.rmtree(run.dir_of("checkpoints"), ignore_errors=True)
        result = train.train(
            settings.train,
            dataset_of(context),
            run.path,
            emit=lambda event: _emit(stage, event),
            resume=stage.resume,
        )
        stage.result.update(
            best_step=result.best_step,
            best=result.best.relative_to(run.path).as_posix(),
            steps=result.steps,
            train_loss=result.train_loss,
            valid_loss=result.valid_loss,
            base_valid_loss=result.base_valid_loss,
            checkpoints=[
                {
                    "step": checkpoint.step,
                    "path": checkpoint.path.relative_to(run.path).as_posix(),
                    "valid_loss": checkpoint.valid_loss,
                }
                for checkpoint in result.checkpoints
            ],
        )
        # Not the directory: which of them is chosen is written beside them later, and changes none.
        stage.outputs(checkpoint.path for checkpoint in result.checkpoints)


def _emit(stage: StageHandle, event: Event) -> None:
    if isinstance(event, TrainStartEvent):
        stage.result.update(
            total_parameters=event.total_parameters,
            trainable_parameters=event.trainable_parameters,
            device=event.device,
        )
    # The stage says itself when it ends.
    if not isinstance(event, EndEvent):
        fields = {name: value for name, value in event.to_json().items() if name not in _COMMON}
        stage.emit(event.kind, **fields)
