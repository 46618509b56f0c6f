"""`t2sql tui`: the app, found by its entry point."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from t2sql.cli.options import shared
from t2sql.cli.output import Output
from t2sql.errors import InputError, MissingPartError

DEFAULT_PORT = 8000
EXAMPLE = """
t2sql tui
t2sql tui runs --serve --port 8765
"""


@shared()
def command(
    out: Output,
    root: Annotated[
        Path, typer.Argument(help="Directory that holds the runs.", metavar="[RUNS]", show_default=True)
    ] = Path("runs"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in a browser of this machine instead.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Port for --serve; 0 is a free one.", show_default="8000"
        ),
    ] = None,
) -> None:
    """Open the app on a directory of runs, in this terminal or in a browser."""
    apps = list(entry_points(group="t2sql.tui"))
    if not apps:
        raise MissingPartError("the app is not installed", hint="Install it: pip install t2sql-tui")
    if out.json:
        raise InputError("the app prints no JSON", hint="t2sql runs list --json does")
    if port is not None and not serve:
        raise InputError("--port is for the browser", hint="Add --serve")
    open_app = apps[0].load()
    open_app(root, DEFAULT_PORT if serve and port is None else port)
