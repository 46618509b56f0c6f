"""Stage `report`: the report, and how to use the run's files elsewhere."""

from __future__ import annotations

from t2sql import report
from t2sql.pipeline import handover
from t2sql.pipeline.context import Context
from t2sql.plain import JsonObject
from t2sql.runs import STAGES, StageHandle
from t2sql.runs.records import ReportResult


def inputs(context: Context) -> JsonObject:
    """Every other stage."""
    return {name: context.run.key(name) for name in STAGES if name != "report"}


def work(context: Context, stage: StageHandle) -> ReportResult:
    """Write the report and the instructions."""
    run = context.run
    paths = [*handover.write(run, context.settings.types), *report.write(run)]
    # Anyone may rebuild the report later; report.json changes then, and the stage stays done.
    stage.outputs(path for path in paths if path != run.layout.report_json)
    return ReportResult(paths=tuple(str(path) for path in paths))
