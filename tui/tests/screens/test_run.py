"""One run on the screen: live, at every size, and whatever its files hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from app_support.made_runs import make_run, train_events
from app_support.pilots import text_of, until, until_shown
from textual.pilot import Pilot

from t2sql import runs
from t2sql.runs import records
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.run import RunScreen
from t2sql_tui.widgets.chart import Chart
from t2sql_tui.widgets.event_log import EventLog


async def open_run(pilot: Pilot[None], path: Path) -> RunScreen:
    screen = RunScreen(path)
    await pilot.app.push_screen(screen)
    return screen


def has_braille(text: str) -> bool:
    return any(0x2800 < ord(c) < 0x2900 for c in text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_everything_is_there_at_every_size(root: Path, size: tuple[int, int]) -> None:
    run = make_run(root, "demo", steps=400)
    app = T2sqlApp(root)
    async with app.run_test(size=size) as pilot:
        await open_run(pilot, run.path)
        text = await until_shown(pilot, "✓ report", "train 0.341", "valid 0.421", "400/400")
        assert has_braille(text)
        assert "Loss" in text
        assert "Stages" in text
        assert "report    done in" in text


async def test_a_run_is_followed(root: Path) -> None:
    run = runs.create_run(root / "live", {"model": "demo", "iters": 100})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, run.path)
        with run.lock():
            run.plan(["train"])
            with run.stage("train", {}):
                train_events(run, 1, 50)
                run.emit_progress("train", 50, 100)
                await until_shown(pilot, "● running", "50/100", "50%", "━")
                run.emit("train", records.WarningEvent(message="loss is NaN [red]"))
                await until_shown(pilot, "▲ 1 warning", "warning: loss is NaN [red]")
                train_events(run, 51, 100)
                await until_shown(pilot, "100/100", "★ best so far")
        await until_shown(pilot, "✓ done")


async def test_a_burst_of_events_is_one_update(root: Path) -> None:
    run = runs.create_run(root / "burst", {"iters": 5000})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, run.path)
        shown = 0
        show = screen._show_chart

        def counted() -> None:
            nonlocal shown
            shown += 1
            show()

        screen._show_chart = counted  # type: ignore[method-assign]
        with run.lock(), run.stage("train", {}, announce=False):
            train_events(run, 1, 5000, every=1)
        await until_shown(pilot, "5,000/5,000")
        assert shown <= 10


async def test_chart_keys(root: Path) -> None:
    run = make_run(root, "demo", steps=400)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, run.path)
        await until_shown(pilot, "train 0.341")
        chart = screen.query_one(Chart)
        await pilot.press("l")
        await until_shown(pilot, "log")
        await pilot.press("s")
        await until_shown(pilot, "smooth 0.6")
        await pilot.press("plus", "plus")
        await until_shown(pilot, "zoomed")
        assert chart.plot.window is not None
        await pilot.press("r")
        await until(pilot, lambda: "zoomed" not in text_of(app))
        await pilot.press("t")
        await until_shown(pilot, "by time")
        await pilot.press("m")
        await until_shown(pilot, "Learning rate")
        await pilot.press("m", "m")
        await until_shown(pilot, "Memory", "GiB")


async def test_the_crosshair_reads_measured_values(root: Path) -> None:
    run = make_run(root, "demo", steps=400)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, run.path)
        await until_shown(pilot, "train 0.341")
        series = screen.history.train["loss"]
        await pilot.press("x")
        await until_shown(pilot, "step 400")
        await pilot.press("left")
        await until_shown(pilot, "step 390", f"train {series.values[-2]:.3f}")
        await pilot.press("shift+left")
        await until(pilot, lambda: "step 390" not in text_of(app))
        await pilot.press("x")
        await until(pilot, lambda: "train 0.341" in text_of(app))


async def test_only_warnings(root: Path) -> None:
    run = make_run(root, "demo", steps=100, stop_in="fuse")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot, run.path)
        await until_shown(pilot, "fuse cannot go on", "started")
        screen.query_one(EventLog).focus()
        await pilot.press("w")
        await until(pilot, lambda: "started" not in text_of(app))
        assert "fuse cannot go on" in text_of(app)


@pytest.mark.parametrize("steps", [0, 1, 9, 10])
async def test_runs_with_hardly_any_data(root: Path, steps: int) -> None:
    run = make_run(root, "short", steps=steps, planned=["train"])
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot, run.path)
        await until_shown(pilot, "✓ train")
        await pilot.press("l", "s", "x", "left", "right", "plus", "minus", "m", "t")
        await until_shown(pilot, "✓ train")


async def test_losses_that_are_not_numbers_leave_gaps(root: Path) -> None:
    run = runs.create_run(root / "nan", {"iters": 4})
    with run.lock():
        for step, loss in enumerate([2.0, float("nan"), float("inf"), 1.0], 1):
            run.emit("train", records.TrainEvent(step=step, loss=loss))
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_run(pilot, run.path)
        await until(pilot, lambda: len(screen.history.train["loss"]) == 4)
        await pilot.press("l", "s")
        await until_shown(pilot, "train 1", "smooth")


async def test_a_run_that_is_deleted_while_open_says_so(root: Path) -> None:
    run = make_run(root, "gone", steps=50)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        await open_run(pilot, run.path)
        await until_shown(pilot, "✓ report")
        shutil.rmtree(run.path)
        await until_shown(pilot, "not a run directory")
        await pilot.press("escape")
        await until_shown(pilot, "No runs here yet")


async def test_a_run_that_comes_later_gets_the_keys_of_its_chart(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_run(pilot, root / "later")
        await until_shown(pilot, "not a run directory")
        assert screen.focused is None
        assert "Log scale" not in text_of(app)
        make_run(root, "later", steps=50)
        await until_shown(pilot, "✓ report", "Log scale")
        assert screen.focused is screen.query_one(Chart).plot


async def test_what_is_wrong_is_said_with_what_to_do(root: Path) -> None:
    failed = make_run(root, "bad", steps=100, stop_in="fuse")
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, failed.path)
        await until_shown(pilot, "✗ fuse cannot go on; go on with: t2sql run --out")


async def test_warnings_stay_in_sight(root: Path) -> None:
    run = runs.create_run(root / "live", {"model": "demo", "iters": 100})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot, run.path)
        with run.lock(), run.stage("train", {}):
            run.emit("train", records.WarningEvent(message="MLX runs on a slow BLAS"))
            for n in range(6):
                run.emit("train", records.WarningEvent(message=f"warning {n} [red]"))
            train_events(run, 1, 50)
            text = await until_shown(pilot, "▲ warning 5 [red]", "▲ warning 4 [red]", "▲ warning 3 [red]")
            assert "▲ warning 2" not in text
            await pilot.press("m", "m", "m", "m")
            await until_shown(pilot, "Gradient norm")
