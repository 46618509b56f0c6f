"""`t2sql tui`: the app, found by its entry point."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.errors import InputError, MissingPartError

EXAMPLE = "t2sql tui"


@shared()
def command(
    out: Output,
    root: Annotated[
        Path, typer.Argument(help="Directory that holds the runs.", metavar="[RUNS]", show_default=True)
    ] = Path("runs"),
) -> None:
    """Open the app on a directory of runs."""
    found = list(entry_points(group="t2sql.tui"))
    if not found:
        raise MissingPartError("the app is not installed", hint="Install it: pip install t2sql-tui")
    if out.json:
        raise InputError("the app prints no JSON", hint="t2sql runs list --json does")
    found[0].load()(root)
