"""The table of runs, as a person uses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from app_support.made_runs import make_many, make_run, train_events
from app_support.pilots import text_of, until, until_shown
from textual.widgets import Input

from t2sql import runs
from t2sql.runs import records
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.confirm import ConfirmScreen
from t2sql_tui.screens.help import HelpScreen
from t2sql_tui.screens.run import RunScreen
from t2sql_tui.widgets.run_table import RunTable


def names(app: T2sqlApp) -> list[str]:
    """The runs in the order of the table."""
    table = app.screen_stack[0].query_one(RunTable)
    return [str(table.get_row_at(i)[2]) for i in range(table.row_count)]


async def test_runs_are_listed_with_their_figures(root: Path) -> None:
    make_run(root, "demo", steps=200, score=0.83)
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 30)) as pilot:
        screen = await until_shown(pilot, "✓ done")
        for text in (
            "State",
            "Run",
            "Model",
            "Data",
            "Tok/s",
            "demo",
            "200/200",
            "0.453",
            "0.533",
            "83%/200",
            "1 run",
        ):
            assert text in screen


async def test_no_runs_says_what_makes_one(tmp_path: Path) -> None:
    app = T2sqlApp(tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "No runs here yet", "t2sql run")
        make_run(tmp_path / "runs", "first", steps=20)
        await until_shown(pilot, "first", "✓ done")


async def test_a_running_run_moves(root: Path) -> None:
    run = runs.create_run(root / "live", {"model": "demo", "data": "demo", "iters": 100})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        with run.lock(), run.stage("train", {}):
            train_events(run, 1, 20)
            await until_shown(pilot, "● running", "20/100", "1 running")
            train_events(run, 21, 40)
            await until_shown(pilot, "40/100")
        await until(pilot, lambda: "● running" not in text_of(app))


async def test_a_wide_table_says_how_long_training_still_takes(root: Path) -> None:
    run = runs.create_run(root / "live", {"model": "demo", "data": "demo", "iters": 100})
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 24)) as pilot:
        with run.lock(), run.stage("train", {}):
            run.emit("train", records.TrainEvent(step=20, loss=1.0, eta_seconds=95.0))
            await until_shown(pilot, "Left", "1:35")
        await until(pilot, lambda: "1:35" not in text_of(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_broken_runs_are_shown_with_their_error(root: Path, size: tuple[int, int]) -> None:
    make_run(root, "good", steps=20)
    half = make_run(root, "half", steps=20)
    (half.path / "stages.json").write_text("{")
    other = make_run(root, "other", steps=20)
    config = other.path / "config.toml"
    config.write_text(config.read_text().replace("run_format = 1", "run_format = 9"))
    corrupt = make_run(root, "corrupt", steps=20)
    with (corrupt.path / "events.jsonl").open("ab") as file:
        file.write(b"\xff\xfe not JSON\n")
    app = T2sqlApp(root)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: len(names(app)) == 4)
        assert text_of(app).count("! unreadable") == 2
        await pilot.press("home")
        for _ in range(4):
            if app.screen.query_one(RunTable).current_path == other.path:
                break
            await pilot.press("down")
        await until_shown(pilot, "another version")
        await pilot.press("enter")
        await until_shown(pilot, "another version", "expected version 1")


async def test_names_with_markup_and_control_characters_are_only_text(root: Path) -> None:
    make_run(root, "[bold red]x [link='a']", steps=20, model="[on red]m\x1b[31m")
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 30)) as pilot:
        await until_shown(pilot, "[bold red]x [link='a']", r"[on red]m\x1b[31m")
        await pilot.press("enter")
        await until_shown(pilot, "[bold red]x [link='a']", r"[on red]m\x1b[31m", "train")
        await pilot.press("escape", "d")
        await until_shown(pilot, "Delete the run [bold red]x [link='a']")


async def test_order_by_key_and_by_mouse(root: Path) -> None:
    for i, name in enumerate("bac"):
        make_run(root, name, steps=20, score=0.5 + i / 10)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 3)
        assert names(app) == ["c", "a", "b"]
        await pilot.press("o", "o")
        assert names(app) == ["a", "b", "c"]
        assert "Run ▲" in text_of(app)
        await pilot.press("O")
        assert names(app) == ["c", "b", "a"]
        await pilot.click(RunTable, offset=(6, 0))
        await until_shown(pilot, "State ▲")


async def test_the_cursor_stays_on_its_run_when_the_order_changes(root: Path) -> None:
    for name in "abc":
        make_run(root, name, steps=20)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 3)
        table = app.screen.query_one(RunTable)
        await pilot.press("end")
        assert table.current is not None
        before = table.current.name
        run = runs.open_run(root / before)
        with run.lock():
            run.emit("train", records.WarningEvent(message="hello"))
        await until(pilot, lambda: names(app)[0] == before)
        assert table.current.name == before


async def test_filter_as_you_type(root: Path) -> None:
    make_run(root, "demo", steps=20)
    make_run(root, "wiki-one", steps=20, data="wikisql")
    make_run(root, "wiki-two", steps=20, data="wikisql", stop_in="train")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 3)
        await pilot.press("slash", *"wiki")
        await until(pilot, lambda: sorted(names(app)) == ["wiki-one", "wiki-two"])
        await pilot.press("space", *"failed")
        await until(pilot, lambda: names(app) == ["wiki-two"])
        assert "1 of 3 runs" in text_of(app)
        await pilot.press(*"zz")
        await until_shown(pilot, "No run matches")
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 3)
        assert app.screen.query_one(Input).value == ""


async def test_delete_asks_first(root: Path) -> None:
    make_run(root, "old", steps=20)
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "old")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        assert (root / "old").exists()
        await pilot.press("d", "y")
        await until_shown(pilot, "No runs here yet")
        assert not (root / "old").exists()


async def test_a_running_run_is_not_deleted(root: Path) -> None:
    run = runs.create_run(root / "live", {})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        with run.lock():
            await until_shown(pilot, "● running")
            await pilot.press("d", "y")
            await until_shown(pilot, "Could not delete", "being written")
        assert run.path.exists()


async def test_a_root_that_goes_away_is_no_error(root: Path) -> None:
    make_run(root, "a", steps=20)
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "✓ done")
        shutil.rmtree(root)
        await until_shown(pilot, "No runs here yet")


async def test_two_hundred_runs(root: Path) -> None:
    make_many(root, 200)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(names(app)) == 200, 30)
        await pilot.press("end")
        assert app.screen.query_one(RunTable).cursor_row == 199
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


async def test_help_names_every_key_of_the_screen(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until_shown(pilot, "Filter", "Compare", "Delete", "Reverse the order", "Quit")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))


async def test_themes_change_and_cells_with_them(root: Path) -> None:
    make_run(root, "demo", steps=20)
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "✓ done")
        for theme in ("t2sql-light", "t2sql-contrast", "textual-dark", "t2sql-dark"):
            app.theme = theme
            await pilot.pause()
            cell = app.screen.query_one(RunTable).get_row_at(0)[1]
            assert (
                str(cell.style) == app.theme_variables["success"].lower()
                or str(cell.style) == app.theme_variables["success"]
            )
        await pilot.press("ctrl+t")
        assert app.theme == "t2sql-light"


async def test_a_terminal_that_is_too_small_says_so(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(40, 10)) as pilot:
        await until_shown(pilot, "40 × 10", "t2sql needs 60 × 16")
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "No runs here yet")
