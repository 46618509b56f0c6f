"""`t2sql report`: a run's report, rebuilt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t2sql import report, runs
from t2sql.cli.commands.runs import find_existing
from t2sql.cli.options import shared
from t2sql.cli.output import Output

EXAMPLE = "t2sql report runs/demo"


@shared()
def command(
    out: Output,
    path: Annotated[Path, typer.Argument(help="Run directory, or the name of one in runs/.", metavar="RUN")],
) -> None:
    """Rebuild report.md, report.html and report.json of a run, from what it has so far."""
    run = runs.open_run(find_existing(path))
    paths = report.write(run)
    out.result({"paths": paths}, "\n".join(str(path) for path in paths))
