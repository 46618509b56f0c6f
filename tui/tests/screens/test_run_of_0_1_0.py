"""A run directory that t2sql 0.1.0 wrote opens on every screen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from app_support.pilots import until, until_shown
from textual.widgets import Input

from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.screens.compare import CompareScreen
from t2sql_tui.screens.differ import DifferScreen
from t2sql_tui.screens.run import RunScreen

FIXTURE = Path(__file__).parents[3] / "tests/fixtures/run-0.1.0"

pytestmark = pytest.mark.skipif(not FIXTURE.is_dir(), reason=f"{FIXTURE} is missing")


@pytest.fixture
def old_run(root: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, root / "old"))


async def test_the_table_lists_it(root: Path, old_run: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "1 run", "old", "✓ done")


async def test_its_screen_shows_losses_stages_and_log(root: Path, old_run: Path) -> None:
    stages = json.loads((old_run / "stages.json").read_text())["planned"]
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = RunScreen(old_run)
        await app.push_screen(screen)
        await until_shown(pilot, *(f"✓ {name}" for name in stages), "done in")
        assert len(screen.history.train["loss"]) > 0 and len(screen.history.valid) > 0
        assert not [text for text in screen.history.recent_warnings if "damaged" in text]


async def test_its_checkpoints_files_and_answers_are_compared(root: Path, old_run: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(160, 50)) as pilot:
        screen = CompareScreen([old_run])
        await app.push_screen(screen)
        await until_shown(pilot, "★", "q8_0", "llama", "✓ same")
        screen.query_one("#files").focus()
        await pilot.press("space", "down", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, DifferScreen))
        await until_shown(pilot, "asked both", "p ")
        assert not app.screen.has_class("-problem")


async def test_its_model_can_be_asked(root: Path, old_run: Path) -> None:
    (old_run / "gguf").mkdir(exist_ok=True)
    (old_run / "gguf/old.q8_0.gguf").touch()
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "old")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        assert app.screen.query_one("#model", Input).value.endswith("old.q8_0.gguf")
