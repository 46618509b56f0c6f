"""`python -m t2sql_tui.screenshots RUNS OUT [RUN]`: pictures of the app on a real run, as SVG files.

The run has to be done, with its data and files. The question is the first test question with a database,
asked of the run's own model. Paths are shown relative to the directory that RUNS is in.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from t2sql import data, runs
from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.files import write_text
from t2sql_tui import screens
from t2sql_tui.app import T2sqlApp
from t2sql_tui.runs.history import History
from t2sql_tui.runs.tables import predictions
from t2sql_tui.widgets.comparison_table import ComparisonTable
from t2sql_tui.widgets.grid import Grid

SIZE = (120, 34)
"""Columns and rows of each picture."""
WAIT = 120.0
"""Seconds that a screen may take until it shows what it should."""
Scene: TypeAlias = Callable[[Pilot[None], Path], Awaitable[None]]
"""Brings the app to a screen that shows this run."""


async def _run(pilot: Pilot[None], run: Path) -> None:
    screen = screens.RunScreen(run)
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.history.summary is not None and screen.history.events)


async def _compare(pilot: Pilot[None], run: Path) -> None:
    screen = screens.CompareScreen([run])
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.query_one("#checkpoints", ComparisonTable).row_count)


async def _differ(pilot: Pilot[None], run: Path) -> None:
    """What was lost, or won, from Q8_0 to Q4_0; else the first two files."""
    history = History(run)
    history.read()
    stored = [file for file in predictions(history) if file.path.is_file()]
    preferred = [file for kind in ("q8_0", "q4_0") for file in stored if file.label.endswith(f"{kind} llama")]
    files = [file for file in preferred if not file.label.startswith("base")] + stored
    if len(files) < 2:
        raise InputError("the run has kept the answers of fewer than two files", where=run)
    screen = screens.DifferScreen(files[0], files[1])
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.differing is not None)
    if screen.current is not None:
        await pilot.press("enter")
        await _until(pilot, lambda: screen.has_class("-rows"))


async def _ask(pilot: Pilot[None], run: Path) -> None:
    dataset = data.load(runs.RunLayout(run).data)
    example = next((one for one in dataset.test or () if one.db is not None), None)
    files = runs.RunLayout(run).existing_model_files()
    if example is None or not files:
        raise InputError("the run has no test question with a database, or no model file", where=run)
    screen = screens.AskScreen(str(files[0]))
    await pilot.app.push_screen(screen)
    screen.query_one("#source", Input).value = str(dataset.db_path(example))
    screen.query_one("#question", Input).value = example.question
    screen.query_one("#question").focus()
    await pilot.press("enter")
    verdict = screen.query("#sql-0 .verdict").first(Static)
    await _until(pilot, lambda: not screen.busy and str(verdict.render()).strip())
    await pilot.press("ctrl+r")
    await _until(pilot, lambda: not screen.busy and screen.query_one(Grid).columns)


SCENES: dict[str, Scene] = {"run": _run, "compare": _compare, "differ": _differ, "ask": _ask}


async def _until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise WorkError("the screen did not come to show what it should", expected=f"within {WAIT:.0f} s")
        await pilot.pause(0.05)
    # Time to draw what was posted last, and to check the SQL.
    await pilot.pause(1.0)


def _without_web_fonts(svg: str) -> str:
    """A picture that asks no other site for its font: an installed monospaced one is used."""
    return re.sub(r",\s*url\([^)]*\) format\([^)]*\)", "", svg)


async def take(run: Path, out: Path) -> list[Path]:
    """Take a picture of each scene.

    Args:
        run: The run directory.
        out: The directory of the pictures; it is made, and pictures in it are replaced.

    Returns:
        The files.

    Raises:
        T2sqlError: The run lacks something that a scene shows, or a screen did not come to show it.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, scene in SCENES.items():
        app: App[None] = T2sqlApp(run.parent)
        app.animation_level = "none"
        async with app.run_test(size=SIZE) as pilot:
            await scene(pilot, run)
            file = out / f"app-{name}.svg"
            write_text(file, _without_web_fonts(app.export_screenshot(title="t2sql")))
            files.append(file)
    return files


def main(arguments: list[str]) -> int:
    """Take the pictures and print their paths.

    Args:
        arguments: RUNS, OUT and maybe RUN.

    Returns:
        The exit code: 0, 2 for a mistake in the arguments, or the error's.
    """
    if len(arguments) not in (2, 3):
        print("usage: python -m t2sql_tui.screenshots RUNS OUT [RUN]", file=sys.stderr)
        return 2
    root, out = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    try:
        done = [run.name for run in runs.list_runs(root) if run.state == "done"]
        name = arguments[2] if len(arguments) == 3 else next(iter(done), None)
        if name not in done:
            raise InputError("no such run that is done", where=root, found=name or "none")
        os.chdir(root.parent)
        with tempfile.TemporaryDirectory() as folder:
            # Nothing of the user's state is shown, and nothing is added to it.
            os.environ.update(T2SQL_STATE=folder, T2SQL_CACHE=folder)
            for file in asyncio.run(take(Path(root.name) / name, out)):
                print(file)
    except T2sqlError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
