"""One model's SQL: shown with its syntax, edited by hand, and whether it could run."""

from __future__ import annotations

from dataclasses import dataclass

from pygments.lexers.sql import SqlLexer
from pygments.token import Token
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

_COLOURS = {
    Token.Keyword: "series-1",
    Token.Literal.String: "series-3",
    Token.Literal.Number: "series-2",
    Token.Comment: "muted",
}


class SqlArea(TextArea):
    """A TextArea whose lines are coloured as SQL; each line is read on its own."""

    _lexer = SqlLexer(stripnl=False, ensurenl=False)

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        variables = self.app.theme_variables
        for start, kind, text in self._lexer.get_tokens_unprocessed(line.plain):
            colour = next((c for known, c in _COLOURS.items() if kind in known), None)
            if colour is not None:
                line.stylize(variables[colour], start, start + len(text))
        return line


class SqlPane(Vertical):
    """The SQL of side `number` (0 or 1) and a line under it."""

    @dataclass
    class Edited(Message):
        """The SQL is another one, by a model or by hand."""

        pane: SqlPane

        @property
        def control(self) -> SqlPane:
            return self.pane

    def __init__(self, number: int) -> None:
        super().__init__(id=f"sql-{number}", classes="sql")
        self.number = number

    def compose(self) -> ComposeResult:
        area = SqlArea(soft_wrap=True, compact=True)
        area.highlight_cursor_line = False
        yield area
        yield Static(classes="verdict", markup=False)

    @property
    def area(self) -> SqlArea:
        return self.query_one(SqlArea)

    @property
    def sql(self) -> str:
        return self.area.text.strip()

    def show(self, sql: str) -> None:
        self.area.load_text(sql)

    def say(self, text: str | Content) -> None:
        self.query_one(".verdict", Static).update(text)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))
