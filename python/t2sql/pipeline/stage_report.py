"""Stage `report`: the report, and how to use the run's files elsewhere."""

from __future__ import annotations

from t2sql.pipeline.chain import Context
from t2sql.runs import STAGES


def work(context: Context) -> None:
    run = context.run
    inputs = {name: run.key(name) for name in STAGES if name != "report"}
    with run.stage("report", inputs) as stage:
        if stage.done:
            return
        from t2sql import report
        from t2sql.pipeline import handover

        paths = [*handover.write(run, context.settings.types), *report.write(run)]
        stage.result["paths"] = [str(path) for path in paths]
        stage.outputs(path for path in paths if path.name != "report.json")
