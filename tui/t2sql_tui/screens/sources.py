"""A dialog with the databases that were asked about before; another can be typed."""

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


class SourcesScreen(ModalScreen[str | None]):
    """A field above the sources that have its words; ends with the chosen one, with what was typed, or None.

    The source that is open now stands last, so that Enter alone goes back to the one before it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("down", "into_list", "To the list", show=False),
    ]

    def __init__(self, now: str) -> None:
        """Read the sources from the app's state.

        Args:
            now: The source that is open.
        """
        super().__init__()
        known = state.sources()
        self._all = [*(one for one in known if one != now), *(one for one in known if one == now)]
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        """The field and the list."""
        with Vertical(id="dialog", classes="tall"):
            hint = "words of a source below; or a URL, a path, or table lines"
            yield Input(placeholder=hint, id="search", compact=True)
            yield OptionList(id="past")

    def on_mount(self) -> None:
        """Show all sources."""
        self.query_one("#dialog").border_title = "Database"
        self._search()

    @on(Input.Changed, "#search")
    def _search(self) -> None:
        words = self.query_one("#search", Input).value.lower().split()
        self._shown = [one for one in self._all if all(word in one.lower() for word in words)]
        options = self.query_one("#past", OptionList)
        options.clear_options()
        options.add_options([Option(Content(formatting.plain(one, 200))) for one in self._shown])
        if self._shown:
            options.highlighted = 0

    def action_into_list(self) -> None:
        """Down in the field: give the list the focus."""
        self.query_one("#past").focus()

    @on(Input.Submitted, "#search")
    def _choose_first(self, event: Input.Submitted) -> None:
        self.dismiss(self._shown[0] if self._shown else event.value.strip() or None)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])
