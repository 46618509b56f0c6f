"""What every screen has: the top bar, the footer, and a message when the terminal is too small."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer, Static

from t2sql_tui.widgets.top_bar import TopBar

SMALLEST = (60, 16)
"""Columns and rows that every screen fits in."""
WIDTHS: list[tuple[int, str]] = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal")]
"""Classes that the stylesheet knows, by the width from which a screen has them."""
HEIGHTS: list[tuple[int, str]] = [(0, "-flat"), (SMALLEST[1], "-high")]
"""The same by height."""


class BaseScreen(Screen[None]):
    """A screen whose middle a subclass composes in `body`.

    Attributes:
        heading: The top bar's title until the screen sets another.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", "Keys", key_display="?"),
    ]
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    heading = ""

    def compose(self) -> ComposeResult:
        """The top bar, the body and the footer; the message about the size is hidden by the stylesheet."""
        yield TopBar(self.heading)
        yield from self.body()
        yield Static(id="too-small", markup=False)
        yield Footer(show_command_palette=False)

    def on_resize(self, event: Resize) -> None:
        """Keep the message about the size true; the stylesheet shows it where the terminal is too small."""
        width, height = event.size
        self.query_one("#too-small", Static).update(
            f"There is not enough room here: {width} × {height} characters.\n\n"
            f"t2sql needs {SMALLEST[0]} × {SMALLEST[1]}: a larger window, or a smaller font."
        )

    def body(self) -> ComposeResult:
        """The widgets between the top bar and the footer."""
        yield from ()

    def restyle(self) -> None:
        """Build again what holds colours of its own: the theme has changed."""
