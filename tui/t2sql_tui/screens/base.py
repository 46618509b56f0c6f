"""What every screen has: the top bar, the footer, and a word when the terminal is too small."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from t2sql_tui.widgets.top_bar import TopBar

SMALLEST = (60, 16)
_WIDTHS: list[tuple[int, str]] = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal")]
_HEIGHTS: list[tuple[int, str]] = [(0, "-flat"), (SMALLEST[1], "-high")]


class BaseScreen(Screen[None]):
    """Screens compose their middle in `body()`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", "Keys", key_display="?"),
    ]
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    heading = ""

    def compose(self) -> ComposeResult:
        yield TopBar(self.heading)
        yield from self.body()
        yield Static(f"This needs {SMALLEST[0]} × {SMALLEST[1]} characters.", id="too-small", markup=False)
        yield Footer(show_command_palette=False)

    def body(self) -> ComposeResult:
        yield from ()

    def restyle(self) -> None:
        """The theme changed: build again what holds colours of its own."""
