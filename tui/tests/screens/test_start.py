"""Runs started, resumed and refused from the app, as real processes."""

from __future__ import annotations

from pathlib import Path

from app_support.datasets import write_examples
from app_support.made_runs import make_run
from app_support.pilots import until, until_shown
from textual.widgets import Input, Select

from t2sql import runs
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.start import StartScreen


async def test_a_run_is_started_stopped_and_resumed(root: Path, tmp_path: Path, tiny_model: Path) -> None:
    model, data = tiny_model, write_examples(tmp_path / "data")
    app = T2sqlApp(root)
    try:
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, StartScreen))
            for name, value in (("name", "mine"), ("model", model), ("data", data), ("steps", 6)):
                app.screen.query_one(f"#run-{name}", Input).value = str(value)
            app.screen.query_one("#run-preset", Select).value = "demo"
            await pilot.press("ctrl+s")
            await until_shown(pilot, "mine", "● running", seconds=90)
            await pilot.press("x", "y")
            await until(pilot, lambda: runs.summarize(root / "mine").state == "interrupted", seconds=90)
            await until_shown(pilot, "interrupted", seconds=20)
            await pilot.press("r")
            await until_shown(pilot, "● running", seconds=90)
            await until(pilot, lambda: runs.summarize(root / "mine").state == "done", seconds=150)
            assert runs.open_run(root / "mine").config["iters"] == 6
    finally:
        runs.stop(root / "mine", timeout=90)


async def test_a_run_that_cannot_start_says_why(root: Path, tmp_path: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, StartScreen))
        await pilot.press("ctrl+s")
        await until_shown(pilot, "Give the run a name")
        for name, value in (("name", "mine"), ("data", tmp_path / "nowhere")):
            app.screen.query_one(f"#run-{name}", Input).value = str(value)
        await pilot.press("ctrl+s")
        await until_shown(pilot, "Could not start", "nowhere", seconds=90)


async def test_a_name_that_is_taken_is_refused(root: Path) -> None:
    make_run(root, "mine", steps=100)
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, StartScreen))
        app.screen.query_one("#run-name", Input).value = "mine"
        await pilot.press("enter")
        await until_shown(pilot, "exists: give another name")


async def test_a_run_that_is_done_is_not_resumed(root: Path) -> None:
    make_run(root, "mine", steps=100)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_shown(pilot, "mine")
        await pilot.press("r")
        await until_shown(pilot, "This run is done.")
