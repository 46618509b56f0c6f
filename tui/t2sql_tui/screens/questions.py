"""A dialog with the questions that were asked before, to search and to take up again."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from t2sql_tui import formatting, state

MOST_SHOWN = 100


class QuestionsScreen(ModalScreen[state.Asked | None]):
    """A search field above the questions that match; ends with the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("down", "into_list", "To the list", show=False),
    ]

    def __init__(self) -> None:
        """Read the questions from the app's state."""
        super().__init__()
        self._all = state.questions()
        self._shown: list[state.Asked] = []

    def compose(self) -> ComposeResult:
        """The search field and the list."""
        with Vertical(id="dialog", classes="tall"):
            yield Input(placeholder="words of the question, the SQL or the model", id="search", compact=True)
            yield OptionList(id="past")

    def on_mount(self) -> None:
        """Show all questions, up to `MOST_SHOWN`."""
        self.query_one("#dialog").border_title = "Questions asked"
        self._search()

    @on(Input.Changed, "#search")
    def _search(self) -> None:
        words = self.query_one("#search", Input).value.lower().split()
        matching = (asked for asked in self._all if _matches(asked, words))
        self._shown = [asked for asked, _ in zip(matching, range(MOST_SHOWN), strict=False)]
        options = self.query_one("#past", OptionList)
        options.clear_options()
        options.add_options([Option(_label(asked)) for asked in self._shown])
        if self._shown:
            options.highlighted = 0

    def action_into_list(self) -> None:
        """Down in the search field: give the list the focus."""
        self.query_one("#past").focus()

    @on(Input.Submitted, "#search")
    def _choose_first(self) -> None:
        self.dismiss(self._shown[0] if self._shown else None)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])


def _matches(asked: state.Asked, words: list[str]) -> bool:
    text = f"{asked.question} {asked.sql} {asked.model} {asked.source}".lower()
    return all(word in text for word in words)


def _label(asked: state.Asked) -> Content:
    question, sql = formatting.plain(asked.question, 120), formatting.plain(asked.sql, 120)
    return Content.assemble(
        (question, "bold"), (f"  {formatting.ago(asked.time)}", "$muted"), "\n", (sql, "$muted")
    )
