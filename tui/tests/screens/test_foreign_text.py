"""Text that a stranger wrote, and text that is pasted, on the screen for questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_support.pilots import text_of, until
from textual import events
from textual.widgets import Input

from t2sql.text import stand_ins
from t2sql_tui.app import T2sqlApp
from t2sql_tui.screens.ask import AskScreen
from t2sql_tui.widgets.sql_pane import SqlPane

HOSTILE = "\x1b[31m \x9b31m \u202eback \x07"


async def test_nothing_in_a_field_or_an_editor_controls_the_terminal(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = AskScreen(model=f"model{HOSTILE}")
        await app.push_screen(screen)
        screen.query_one("#sql-0", SqlPane).show(f"SELECT '{HOSTILE}می\u200cخواهم'")
        screen.query_one("#question", Input).value = f"Which{HOSTILE}?"
        await until(pilot, lambda: "SELECT" in text_of(app) and "Which" in text_of(app))
        lines = ["".join(segment.text for segment in strip) for strip in screen._compositor.render_strips()]
        assert [stand_ins(line) for line in lines] == lines
        assert "می\u200cخواهم" in "".join(lines)


@pytest.mark.parametrize(
    "pasted",
    [
        "Which customers\nlive in Oslo?",
        "\nWhich customers live in Oslo?\n",
        "Which\tcustomers\r\nlive in Oslo?",
    ],
)
async def test_a_question_of_several_lines_is_pasted_whole(root: Path, pasted: str) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(AskScreen())
        question = app.screen.query_one("#question", Input)
        question.focus()
        await pilot.pause()
        app.post_message(events.Paste(pasted))
        await until(pilot, lambda: question.value == "Which customers live in Oslo?")
