"""Training as the report draws it: the points of both curves, from the events."""

from __future__ import annotations

from collections.abc import Iterable

from t2sql.runs.records import (
    Event,
    ProgressEvent,
    ReportedTraining,
    StartEvent,
    TrainEvent,
    TrainPoint,
    TrainResult,
    ValidEvent,
    ValidPoint,
)


def reported_training(result: TrainResult, events: Iterable[Event]) -> ReportedTraining:
    """Stage `train`'s result with its curves.

    Training that starts again clears the curves; training that goes on keeps them up to its checkpoint.
    """
    train: dict[int, TrainEvent] = {}
    valid: dict[int, ValidEvent] = {}
    before: tuple[dict[int, TrainEvent], dict[int, ValidEvent]] = {}, {}
    for event in events:
        if event.stage != "train":
            continue
        if isinstance(event, StartEvent) and not event.resume:
            before, train, valid = (train, valid), {}, {}
        elif isinstance(event, ProgressEvent) and event.resumed is not None:
            train = {step: e for step, e in (before[0] | train).items() if step <= event.done}
            valid = {step: e for step, e in (before[1] | valid).items() if step <= event.done}
        elif isinstance(event, TrainEvent):
            train[event.step] = event
        elif isinstance(event, ValidEvent):
            valid[event.step] = event
    reports = [train[step] for step in sorted(train)]
    rates = sorted(report.tokens_per_second for report in reports if report.tokens_per_second)
    return ReportedTraining(
        **vars(result),
        train=tuple(
            TrainPoint(
                step=report.step,
                loss=report.loss,
                learning_rate=report.learning_rate,
                steps_per_second=report.steps_per_second,
                tokens_per_second=report.tokens_per_second,
                memory_bytes=report.memory_bytes,
            )
            for report in reports
        ),
        valid=tuple(ValidPoint(step=step, loss=valid[step].loss) for step in sorted(valid)),
        tokens_per_second=rates[len(rates) // 2] if rates else None,
        memory_bytes=max((report.memory_bytes or 0 for report in reports), default=0) or None,
    )
