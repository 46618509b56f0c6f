"""Everything a report says, as one document: report.json, and what the templates read."""

from __future__ import annotations

from collections.abc import Iterable

from t2sql.report.failures import failures
from t2sql.report.improving import improvement
from t2sql.report.training_curve import reported_training
from t2sql.report.verdict import verdict
from t2sql.runs import Run, current_events, summarize
from t2sql.runs.records import (
    CompareResult,
    ConvertResult,
    DataResult,
    Event,
    FuseResult,
    QuantizeResult,
    Report,
    ReportedFile,
    ReportedRun,
    ReportedStage,
    ReportedWarning,
    TestResult,
    TrainResult,
    VerifyResult,
    WarningEvent,
)


def collect(run: Run) -> Report:
    """The report of a run; of an unfinished one, as much as there is.

    Raises:
        InputError: A stage's result is damaged.
    """
    events = current_events(run.events(), run.stages)
    head = run.document.t2sql
    tested = run.result(TestResult) or TestResult()
    comparison = run.result(CompareResult) or CompareResult()
    state, files, stages = _state(run), _files(run), _stages(run)
    improved = improvement(comparison)
    return Report(
        run=ReportedRun(
            name=run.name,
            state=state,
            run_format=head.run_format,
            version=head.version,
            prompt_format=head.prompt_format,
            created=head.created,
        ),
        settings=dict(run.config),
        versions=run.document.versions,
        machine=run.document.machine,
        data=run.result(DataResult),
        training=reported_training(run.result(TrainResult) or TrainResult(), events),
        checkpoints=tested.rows,
        checkpoint_pairs=tested.pairs or (),
        chosen=run.chosen,
        calibration=tested.calibration,
        fuse=run.result(FuseResult),
        files=files,
        comparison=comparison,
        questions=comparison.questions,
        failures=failures(run.layout.predictions),
        stages=stages,
        warnings=_warnings(events),
        verdict=verdict(state, files, comparison, stages, improved),
        improvement=improved,
    )


def _state(run: Run) -> str:
    """The report is itself a stage: while it is being written, what else is done decides."""
    others = [name for name in run.planned if name != "report"]
    if all(name in run.stages and run.stages[name].state == "done" for name in others):
        return "done"
    return summarize(run.path).state


def _files(run: Run) -> tuple[ReportedFile, ...]:
    """Every model file, with what verify found."""
    verified = {file.file: file for file in (run.result(VerifyResult) or VerifyResult()).files}
    converted = run.result(ConvertResult) or ConvertResult()
    quantized = run.result(QuantizeResult) or QuantizeResult()
    files = []
    for file in (*converted.files, *quantized.files):
        checked = verified.get(file.name)
        checks = checked.checks if checked else ()
        files.append(
            ReportedFile(
                name=file.name,
                bytes=file.bytes,
                types=file.types,
                seconds=file.seconds,
                verified=checked.ok if checked else None,
                checks=len(checks),
                held=sum(check.ok for check in checks),
                cause=checked.cause if checked else None,
            )
        )
    return tuple(files)


def _stages(run: Run) -> tuple[ReportedStage, ...]:
    # `report` is being written: how long that takes is not known yet, and of no interest.
    names = [*run.planned, *(name for name in run.stages if name not in run.planned)]
    stages = []
    for name in names:
        record = run.stages.get(name)
        if name != "report":
            state, seconds = (record.state, record.seconds) if record else ("waiting", None)
            stages.append(ReportedStage(name=name, state=state, seconds=seconds))
    return tuple(stages)


def _warnings(events: Iterable[Event]) -> tuple[ReportedWarning, ...]:
    warnings = {
        (event.stage, event.message): ReportedWarning(stage=event.stage, message=event.message)
        for event in events
        if isinstance(event, WarningEvent)
    }
    return tuple(warnings.values())
