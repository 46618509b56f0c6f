"""Up to six runs over each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from app_support.made_runs import make_run, train_events
from app_support.pilots import text_of, until, until_shown

from t2sql import runs
from t2sql.plain import JsonObject
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.compare import CompareScreen
from t2sql_tui.widgets.chart import Chart
from t2sql_tui.widgets.run_table import RunTable


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_mark_and_compare(root: Path, size: tuple[int, int]) -> None:
    for i, name in enumerate(("one", "two", "three")):
        make_run(root, name, steps=200, seed=i)
    app = T2sqlApp(root)
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "one", "two", "three")
        await pilot.press("space", "space", "space", "c")
        screen = await until_shown(pilot, "Compare 3 runs", "1 three", "2 two", "3 one", "200 ★")
        assert "Ppl" in screen
        if size[0] < 100:
            await pilot.press("f")
        await until_shown(pilot, "88.4", "83.0%")
        assert len(app.screen.query_one(Chart).lines) == 3


async def test_one_run_shows_its_own_files(root: Path) -> None:
    make_run(root, "one", steps=200)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "one")
        await pilot.press("c")
        await until_shown(pilot, "One run's files", "demo.q8_0", "200 ★")


async def test_at_most_six(root: Path) -> None:
    for i in range(7):
        make_run(root, f"run{i}", steps=20, planned=["train"])
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        table = app.screen.query_one(RunTable)
        await until(pilot, lambda: table.row_count == 7)
        await pilot.press(*["space"] * 7)
        await until_shown(pilot, "At most 6 runs", "6 marked")
        await pilot.press("escape")
        await until(pilot, lambda: not table.marks)


async def test_files_and_what_verify_says(root: Path) -> None:
    paths = [make_run(root, name, steps=100, score=score).path for name, score in (("a", 0.8), ("b", 0.9))]
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 40)) as pilot:
        await app.push_screen(CompareScreen(paths))
        await until_shown(pilot, "q8_0", "143 MiB", "llama", "88.4", "90.0%", "85–94", "✓ same", "✗ differs")


async def test_metrics_and_a_run_that_moves(root: Path) -> None:
    done = make_run(root, "done", steps=200)
    live = runs.create_run(root / "live", {"iters": 200})
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(CompareScreen([done.path, live.path]))
        await until_shown(pilot, "Validation loss", "2 live –")
        with live.lock(), live.stage("train", {}):
            train_events(live, 1, 100)
            await until_shown(pilot, "2 live 0.828", "~2.288")
        for title in ("Training loss", "Learning rate", "Tokens per second", "Memory", "Validation loss"):
            await pilot.press("m")
            await until_shown(pilot, title)
        await pilot.press("ctrl+t", "l")
        await until_shown(pilot, "2 live", "log")


async def test_a_run_that_cannot_be_read_leaves_the_others(root: Path) -> None:
    paths = [make_run(root, name, steps=100).path for name in "ab"]
    shutil.rmtree(paths[0])
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(CompareScreen(paths))
        await until_shown(pilot, "not a run directory", "2 b 0.828")
        await pilot.press("escape")
        await until(pilot, lambda: "Runs in" in text_of(app))


@pytest.mark.parametrize(
    "result",
    [
        {"rows": None},
        {"rows": "text"},
        {"rows": [1, None, {}]},
        {"rows": [{"step": "x", "valid_loss": "y", "interval": [1], "bytes": None, "name": ["[b]"]}]},
    ],
)
async def test_damaged_results_are_no_error(root: Path, result: JsonObject) -> None:
    run = make_run(root, "odd", steps=100)
    stages = json.loads((run.path / "stages.json").read_text())
    for name in ("test", "compare"):
        stages["stages"][name]["result"] = result
    (run.path / "stages.json").write_text(json.dumps(stages))
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = CompareScreen([run.path, run.path])
        await app.push_screen(screen)
        await until(pilot, lambda: screen.histories[1].summary)
        await until_shown(pilot, "Compare 2 runs", "100")
