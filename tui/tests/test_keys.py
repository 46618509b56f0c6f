"""One system of keys: a letter means one thing, no foot is cut, and the palette holds everything."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from pathlib import Path

import pytest
from app_support.answered import make_answered_run
from app_support.pilots import until, until_shown
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

import t2sql_tui
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.actions import MOVEMENT, actions_of, bindings_of
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.screens.compare import CompareScreen
from t2sql_tui.screens.run import RunScreen
from t2sql_tui.widgets.key_line import KeyLine

OF_TEXTUAL = {"Copy selected text", "Select"}
"""Keys of Textual's own that any screen and any table has."""
LEAVES = {"Quit", "Back", "Close", "No", "Cancel"}
"""What `q` and Escape do, as each screen calls it: they leave where one is."""


def classes() -> list[type[DOMNode]]:
    """Every class of the app that has keys."""
    kinds: set[type[DOMNode]] = set()
    for module in pkgutil.walk_packages(t2sql_tui.__path__, "t2sql_tui."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, DOMNode) and "BINDINGS" in value.__dict__:
                kinds.add(value)
    return sorted(kinds, key=lambda kind: kind.__qualname__)


def test_a_letter_means_one_thing_on_all_screens() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for kind in classes():
        for binding in bindings_of(kind):
            if len(binding.key) == 1 and binding.key.isalpha() and binding.key not in MOVEMENT:
                meanings[binding.key].add("Leave" if binding.description in LEAVES else binding.description)
    assert len(meanings) > 15
    assert {key: words for key, words in meanings.items() if len(words) > 1} == {}


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_foot_of_each_screen_begins_with_enter_and_no_key_is_cut(root: Path, width: int) -> None:
    run = make_answered_run(root)
    app = T2sqlApp(root)
    async with app.run_test(size=(width, 24)) as pilot:
        await until_shown(pilot, "✓ done")
        for screen in (None, RunScreen(run), CompareScreen([run]), AskScreen()):
            if screen is not None:
                await app.push_screen(screen)
            foot = app.screen.query_one(KeyLine)
            await until(pilot, lambda foot=foot: foot.children)
            keys = list(foot.children)
            assert max(key.region.right for key in keys) <= width
            bound = [getattr(key, "key", "") for key in keys]
            assert "enter" not in bound[1:]
            if screen is None:
                assert bound[:3] == ["enter", "a", "c"]
            assert bound[-1] == app.COMMAND_PALETTE_BINDING


async def test_the_palette_holds_every_action_and_does_it(root: Path) -> None:
    run = make_answered_run(root)
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "✓ done")
        for screen in (None, RunScreen(run), CompareScreen([run]), AskScreen()):
            if screen is not None:
                await app.push_screen(screen)
                await pilot.pause()
            titles = {command.title for command in app.get_system_commands(app.screen)}
            assert words(app.screen) - OF_TEXTUAL <= titles
        # What the palette runs is the action itself: here that of a widget without the focus.
        await app.push_screen(RunScreen(run))
        await until_shown(pilot, "200/200")
        crosshair = next(one for one in actions_of(app.screen) if one.title == "Crosshair")
        await crosshair.run()
        await until_shown(pilot, "step 200")


def words(screen: Screen[object]) -> set[str]:
    """What the keys that work now are called; those that move are left out."""
    return {
        title(active.binding)
        for active in screen.active_bindings.values()
        if type(active.node).__module__.startswith("t2sql_tui")
        and not isinstance(active.node, T2sqlApp)
        and active.binding.description
        and active.binding.key not in MOVEMENT
        and not active.binding.system
    }


def title(binding: Binding) -> str:
    return binding.tooltip or binding.description
