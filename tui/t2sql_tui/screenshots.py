"""`python -m t2sql_tui.screenshots RUNS OUT [RUN]`: pictures of the app on a real run, as SVG files.

The run has to be done, with its data and files. The question is the first test question with a database,
asked of the run's own model. Paths are shown as from the directory that RUNS is in.
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

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from t2sql import data, runs
from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql_tui.app import T2sqlApp

SIZE = (120, 34)
WAIT = 120.0
Scene = Callable[[Pilot[None], Path], Awaitable[None]]


async def _run(pilot: Pilot[None], run: Path) -> None:
    from t2sql_tui.screens.run import RunScreen

    screen = RunScreen(run)
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.history.summary is not None and screen.history.events)


async def _compare(pilot: Pilot[None], run: Path) -> None:
    from t2sql_tui.screens.compare import CompareScreen, ComparisonTable

    screen = CompareScreen([run])
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.query_one("#checkpoints", ComparisonTable).row_count)


async def _differ(pilot: Pilot[None], run: Path) -> None:
    """What was lost, or won, from Q8_0 to Q4_0; else the first two files."""
    from t2sql_tui.runs.history import History
    from t2sql_tui.runs.tables import sources
    from t2sql_tui.screens.differ import DifferScreen

    history = History(run)
    history.read()
    found = [source for source in sources(history) if source.predictions.is_file()]
    order = [one for kind in ("q8_0", "q4_0") for one in found if one.label.endswith(f"{kind} llama")]
    found = [one for one in order if not one.label.startswith("base")] + found
    if len(found) < 2:
        raise InputError("the run has kept the answers of fewer than two files", where=run)
    screen = DifferScreen(found[0], found[1])
    await pilot.app.push_screen(screen)
    await _until(pilot, lambda: screen.found is not None)
    if screen.current is not None:
        await pilot.press("enter")
        await _until(pilot, lambda: screen.has_class("-rows"))


async def _ask(pilot: Pilot[None], run: Path) -> None:
    from t2sql_tui.screens.ask import AskScreen
    from t2sql_tui.widgets.grid import Grid

    dataset = data.load(runs.open_run(run).dir_of("data"))
    example = next((one for one in dataset.test or () if one.db is not None), None)
    files = runs.summarize(run).model_files()
    if example is None or not files:
        raise InputError("the run has no test question with a database, or no model file", where=run)
    screen = AskScreen(str(files[0]))
    await pilot.app.push_screen(screen)
    screen.query_one("#source", Input).value = str(dataset.db_path(example))
    screen.query_one("#question", Input).value = example.question
    screen.query_one("#question").focus()
    await pilot.press("enter")
    verdict = screen.query("#sql-0 .verdict").first(Static)
    await _until(pilot, lambda: not screen._busy and str(verdict.render()).strip())
    await pilot.press("ctrl+r")
    await _until(pilot, lambda: not screen._busy and screen.query_one(Grid).columns)


SCENES: dict[str, Scene] = {"run": _run, "compare": _compare, "differ": _differ, "ask": _ask}


async def _until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise WorkError("the screen did not come to show what it should", expected=f"within {WAIT:.0f} s")
        await pilot.pause(0.05)
    # What was posted last is drawn, and the verdict on SQL has come.
    await pilot.pause(1.0)


def _own(svg: str) -> str:
    """A picture that asks no other site for its font: it is there, or the next monospaced one is taken."""
    return re.sub(r",\s*url\([^)]*\) format\([^)]*\)", "", svg)


async def take(run: Path, out: Path) -> list[Path]:
    """One picture for each scene, into a directory."""
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for name, scene in SCENES.items():
        app: App[None] = T2sqlApp(run.parent)
        app.animation_level = "none"
        async with app.run_test(size=SIZE) as pilot:
            await scene(pilot, run)
            file = out / f"app-{name}.svg"
            part = file.with_suffix(".part")
            part.write_text(_own(app.export_screenshot(title="t2sql")), encoding="utf-8")
            os.replace(part, file)
            made.append(file)
    return made


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3):
        print("usage: python -m t2sql_tui.screenshots RUNS OUT [RUN]", file=sys.stderr)
        return 2
    root, out = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    try:
        found = [run.name for run in runs.list_runs(root) if run.state == "done"]
        name = arguments[2] if len(arguments) == 3 else next(iter(found), None)
        if name not in found:
            raise InputError("no such run that is done", where=root, found=name or "none")
        os.chdir(root.parent)
        with tempfile.TemporaryDirectory() as folder:
            # Nothing of the user's is shown, and nothing is kept.
            os.environ.update(T2SQL_STATE=folder, T2SQL_CACHE=folder)
            for file in asyncio.run(take(Path(root.name) / name, out)):
                print(file)
    except T2sqlError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
