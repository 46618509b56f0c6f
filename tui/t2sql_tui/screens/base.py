"""What every screen has: the top bar, the footer, and a message when the terminal is too small."""

from __future__ import annotations

import threading
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from t2sql_tui import screens
from t2sql_tui.widgets.grid import Grid
from t2sql_tui.widgets.key_line import KeyLine
from t2sql_tui.widgets.top_bar import TopBar

SMALLEST = (60, 16)
"""Columns and rows that every screen fits in."""
WIDTHS: list[tuple[int, str]] = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal")]
"""Classes that the stylesheet knows, by the width from which a screen has them."""
HEIGHTS: list[tuple[int, str]] = [(0, "-flat"), (SMALLEST[1], "-high")]
"""The same by height."""
TICK_SECONDS = 1.0


class BaseScreen(Screen[None]):
    """A screen whose middle a subclass composes in `body`.

    Attributes:
        heading: The top bar's title until the screen sets another.
        on_top: Set while no other screen is in front of this one, for the threads that read for it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", "Keys", key_display="?"),
    ]
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    heading = ""
    FOOT: ClassVar[tuple[str, ...]] = ()
    """The keys at the foot, the one that is used most first."""

    def __init__(self) -> None:
        """Begin with nothing that moves."""
        super().__init__()
        self.on_top = threading.Event()
        self._ticker: Timer | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        """The top bar, the body and the footer; the message about the size is hidden by the stylesheet."""
        yield TopBar(self.heading)
        yield from self.body()
        yield Static(id="too-small", markup=False)
        yield KeyLine(self.FOOT)

    def on_resize(self, event: Resize) -> None:
        """Keep the message about the size true; the stylesheet shows it where the terminal is too small."""
        width, height = event.size
        self.query_one("#too-small", Static).update(
            f"There is not enough room here: {width} × {height} characters.\n\n"
            f"t2sql needs {SMALLEST[0]} × {SMALLEST[1]}: a larger window, or a smaller font."
        )

    def show_problem(self, problem: str) -> None:
        """Show what is wrong in the line `#problem`, or hide the line.

        Args:
            problem: The sentence; nothing hides the line.
        """
        if problem == self._problem:
            return
        self._problem = problem
        self.set_class(bool(problem), "-problem")
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), problem))

    @on(Grid.Opened)
    def _open_cell(self, event: Grid.Opened) -> None:
        self.app.push_screen(screens.CellScreen(event.column, event.value))

    # -- what moves without a key

    @property
    def live(self) -> bool:
        """Whether something that is shown moves on its own, so that `tick` has to be called each second."""
        return self._ticker is not None

    @live.setter
    def live(self, live: bool) -> None:
        if live == self.live:
            return
        if self._ticker is not None:
            self._ticker.stop()
        self._ticker = (
            self.set_interval(TICK_SECONDS, self.tick, pause=not self.on_top.is_set()) if live else None
        )

    def tick(self) -> None:
        """Show what the clock has changed. It is called each second while the screen is on top and `live`."""

    def on_screen_suspend(self) -> None:
        """Stop the clock: another screen is on top."""
        self.on_top.clear()
        if self._ticker is not None:
            self._ticker.pause()

    def on_screen_resume(self) -> None:
        """Let the clock run again, and show at once what it has changed."""
        self.on_top.set()
        if self._ticker is not None:
            self._ticker.resume()
            self.tick()

    def body(self) -> ComposeResult:
        """The widgets between the top bar and the footer."""
        yield from ()

    def restyle(self) -> None:
        """Build again what holds colours of its own: the theme has changed."""
