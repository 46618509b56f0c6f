"""One model's SQL: coloured, edited by hand, with a line that says whether it could run."""

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

from t2sql.text import stand_ins

_COLOURS = {
    Token.Keyword: "series-1",
    Token.Literal.String: "series-3",
    Token.Literal.Number: "series-2",
    Token.Comment: "muted",
}


class SqlArea(TextArea):
    """A text area whose lines are coloured as SQL, each on its own."""

    _lexer = SqlLexer(stripnl=False, ensurenl=False)

    def get_line(self, line_index: int) -> Text:
        """The line with its colours."""
        # Places in the shown line have to be those of the text that is edited.
        line = Text(stand_ins(super().get_line(line_index).plain), end="", no_wrap=True)
        variables = self.app.theme_variables
        for start, kind, text in self._lexer.get_tokens_unprocessed(line.plain):
            colour = next((c for known, c in _COLOURS.items() if kind in known), None)
            if colour is not None:
                line.stylize(variables[colour], start, start + len(text))
        return line


class SqlPane(Vertical):
    """An editor for SQL above a line with a verdict on it.

    Attributes:
        number: The side, 0 or 1.
    """

    @dataclass
    class Edited(Message):
        """The SQL has changed, by a model or by hand.

        Attributes:
            pane: The pane that was edited.
        """

        pane: SqlPane

        @property
        def control(self) -> SqlPane:
            """The pane, for the selectors of Textual's `on`."""
            return self.pane

    def __init__(self, number: int) -> None:
        """Begin empty.

        Args:
            number: The side, 0 or 1.
        """
        super().__init__(id=f"sql-{number}", classes="sql")
        self.number = number

    def compose(self) -> ComposeResult:
        """The editor and the line under it."""
        area = SqlArea(soft_wrap=True, compact=True)
        area.highlight_cursor_line = False
        yield area
        yield Static(classes="verdict", markup=False)

    @property
    def area(self) -> SqlArea:
        """The editor."""
        return self.query_one(SqlArea)

    @property
    def sql(self) -> str:
        """What is in the editor, without white space around it."""
        return self.area.text.strip()

    def show(self, sql: str) -> None:
        """Replace what is in the editor."""
        self.area.load_text(sql)

    def show_verdict(self, text: str | Content) -> None:
        """Replace the line under the editor."""
        self.query_one(".verdict", Static).update(text)

    @on(TextArea.Changed)
    def _report_edit(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))
