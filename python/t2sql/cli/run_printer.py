"""A run's events as a person reads them while it runs."""

from __future__ import annotations

from t2sql.cli.output import Output, time_text
from t2sql.cli.progress import TerminalProgress
from t2sql.cli.stage_lines import schedule_text, stage_text
from t2sql.cli.training_table import TrainingTable
from t2sql.runs import Run
from t2sql.runs.records import (
    RESULTS,
    EndEvent,
    ErrorEvent,
    Event,
    ProgressEvent,
    ScheduleEvent,
    WarningEvent,
)


class RunPrinter:
    """Listens to a run: headings, the training table, what each stage found, warnings, progress."""

    def __init__(self, out: Output, run: Run, progress: TerminalProgress) -> None:
        """Print a run's events from now on to `out`, and its progress to `progress`."""
        self._out, self._run, self._progress = out, run, progress
        self._stage: str | None = None
        self._table: TrainingTable | None = None
        run.listen(self._event)

    def _event(self, event: Event) -> None:
        stage = event.stage
        if stage is not None and stage != self._stage and not isinstance(event, ErrorEvent):
            self._stage = stage
            self._progress.restart(stage)
            self._out.line(f"\n== {stage}")
            self._table = TrainingTable(self._out) if stage == "train" else None
        if self._table is not None and stage == "train":
            self._table.event(event)
        if isinstance(event, ProgressEvent):
            self._progress(int(event.done), int(event.total), event.label or event.unit)
        elif isinstance(event, ScheduleEvent):
            self._out.line(schedule_text(event))
        elif isinstance(event, WarningEvent):
            self._out.warn(event.message)
        elif isinstance(event, EndEvent) and stage is not None:
            result = self._run.result(RESULTS[stage])
            if result is not None and (text := stage_text(result)):
                self._out.line(text)
            self._out.line(f"{stage} done in {time_text(event.seconds)}")
