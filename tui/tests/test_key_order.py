"""Keys that come faster than the app handles them."""

from __future__ import annotations

from pathlib import Path

from app_support.pilots import until
from textual.events import Key, Paste
from textual.widgets import Input

from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.widgets.sql_pane import SqlPane

KEYS = {"ctrl+u": None, "tab": "\t", "f7": None, "enter": "\r", "escape": None}


def send(app: T2sqlApp, *keys: str) -> None:
    """All of them at once, as a terminal does after the app was busy for a while."""
    for key in keys:
        app.post_message(Key(key, KEYS.get(key, key)))


async def test_a_word_does_not_overtake_the_key_that_empties_its_field(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen()
        await app.push_screen(screen)
        field = screen.query_one("#question", Input)
        field.focus()
        field.value = "before"
        send(app, "ctrl+u", *"new")
        app.post_message(Paste("er words"))
        await until(pilot, lambda: field.value == "newer words")


async def test_what_follows_tab_is_written_where_tab_leads(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen()
        await app.push_screen(screen)
        screen.query_one("#source", Input).focus()
        await pilot.pause()
        send(app, *"t: a", "tab", *"who", "tab", "tab", "f7", *"SELECT 1")
        await until(pilot, lambda: screen.query_one("#sql-0", SqlPane).sql == "SELECT 1")
        assert screen.query_one("#source", Input).value == "t: a"
        assert screen.query_one("#question", Input).value == "who"


async def test_what_follows_a_key_that_opens_a_screen_is_written_there(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        send(app, "n", *"mine")
        await until(pilot, lambda: app.screen.query("#run-name") and not app.screen.query("#name"))
        await until(pilot, lambda: app.screen.query_one("#run-name", Input).value == "mine")
