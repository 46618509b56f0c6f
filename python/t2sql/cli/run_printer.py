"""A run's events as a person reads them while it runs."""

from __future__ import annotations

from typing import Any

from t2sql.cli.output import Output, time_text
from t2sql.cli.progress import TerminalProgress
from t2sql.cli.stage_lines import stage_text
from t2sql.cli.training_table import TrainingTable
from t2sql.runs import Run


class RunPrinter:
    """Listens to a run: headings, the training table, what each stage found, warnings, progress."""

    def __init__(self, out: Output, run: Run, progress: TerminalProgress) -> None:
        self._out, self._run, self._progress = out, run, progress
        self._stage: str | None = None
        self._table: TrainingTable | None = None
        run.listen(self._event)

    def _event(self, event: dict[str, Any]) -> None:
        stage, kind = event["stage"], event["kind"]
        if stage is not None and stage != self._stage and kind != "error":
            self._stage = stage
            self._progress.restart(stage)
            self._out.line(f"\n== {stage}")
            self._table = TrainingTable(self._out) if stage == "train" else None
        if self._table is not None and stage == "train":
            self._table.event(event)
        if kind == "progress":
            self._progress(event["done"], event["total"], event.get("label") or event.get("unit") or "")
        elif kind == "warning":
            self._out.warn(event["message"])
        elif kind == "end":
            text = stage_text(stage, self._run.stages[stage].result)
            if text:
                self._out.line(text)
            self._out.line(f"{stage} done in {time_text(event['seconds'])}")
