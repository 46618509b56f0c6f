"""Two files' answers held against each other, and their rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_support.answered import answers_of, make_answered_run
from app_support.pilots import until, until_shown

from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.differ import DifferScreen


@pytest.fixture
def run(root: Path) -> Path:
    return make_answered_run(root)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_two_marked_files_are_held_against_each_other(
    root: Path, run: Path, size: tuple[int, int]
) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_shown(pilot, "one")
        await pilot.press("c")
        await until_shown(pilot, "One run's files", "200 ★")
        await pilot.press("d")
        await until_shown(pilot, "Mark two files")
        await pilot.press("f")
        app.screen.query_one("#files").focus()
        # The files are Q8_0 and Q4_0, each on llama.cpp and on MLX.
        await pilot.press("space", "down", "down", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, DifferScreen))
        await until_shown(pilot, "only a 1", "only b 2", "Which cat is 1 [bold]years[/]?", "SELECT 1")
        await pilot.press("down", "enter")
        await until_shown(pilot, "gold  1 row", "a  1 row", "b  6 rows", "Cat 4")
        await pilot.press("down")
        await until_shown(pilot, "(no answer)")
        await pilot.press("enter")
        await until_shown(pilot, "Cat 5", "! ")
        await pilot.press("escape", "escape")
        await until_shown(pilot, "Runs in")


async def test_a_file_whose_answers_are_gone_is_said(root: Path, run: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.push_screen(DifferScreen(answers_of(run, "q8_0"), answers_of(run, "f32")))
        await until_shown(pilot, "has not kept this file's answers", "t2sql run --out")
