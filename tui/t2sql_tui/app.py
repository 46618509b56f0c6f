"""The app: its themes and the keys that work on every screen. `main` is what `t2sql tui` calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key, Paste
from textual.filter import LineFilter
from textual.screen import Screen

from t2sql.errors import InputError
from t2sql_tui import browser, screens
from t2sql_tui.key_order import KeyOrder
from t2sql_tui.line_filter import ControlFilter
from t2sql_tui.screens.base import HEIGHTS, WIDTHS, BaseScreen
from t2sql_tui.themes import DARK, THEMES


class T2sqlApp(App[None]):
    """The app on one directory of runs; it opens with the table of runs.

    Attributes:
        root: The directory of runs.
    """

    TITLE = "t2sql"
    CSS_PATH = "styles.tcss"
    # For the dialogs: in a terminal that is too small they make way for the screen that says so.
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "next_theme", "Dark, light or high contrast", show=False),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, root: Path) -> None:
        """Register the themes.

        Args:
            root: The directory of runs; it need not exist yet.
        """
        super().__init__()
        self.root = root
        self._control_filter = ControlFilter()
        self._key_order = KeyOrder(self, super().on_event)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for Textual's themes, which lack them."""
        return dict(DARK.variables)

    def get_default_screen(self) -> screens.RunsScreen:
        """The table of runs."""
        return screens.RunsScreen(self.root)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, and ours behind them."""
        return [*super().get_line_filters(), self._control_filter]

    async def on_event(self, event: Event) -> None:
        """Give keys and pastes to the widgets in their order, every other event as Textual does."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self._key_order.add(event)
        else:
            await super().on_event(event)

    def on_mount(self) -> None:
        """Follow changes of the theme, and import the other screens once the first one is painted."""
        self.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.call_after_refresh(self._preload)

    @work(thread=True, group="preload")
    def _preload(self) -> None:
        """Import the screens that need NumPy while the first one is looked at."""
        self._preloaded = (screens.CompareScreen, screens.RunScreen)

    def _restyle(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen):
                screen.restyle()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette's commands: Textual's own, with our list of keys in place of its panel."""
        yield SystemCommand("Keys", "The keys of this screen", self.action_help)
        yield SystemCommand("Next theme", "Dark, light or high contrast", self.action_next_theme)
        for command in super().get_system_commands(screen):
            if command.title != "Keys":
                yield command

    def action_next_theme(self) -> None:
        """Ctrl+T: the next of the three themes."""
        names = [theme.name for theme in THEMES]
        index = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(index + 1) % len(names)]

    def action_help(self) -> None:
        """`?`: the keys of the screen that is open."""
        self.push_screen(screens.HelpScreen(self.screen))


def main(root: Path, port: int | None = None) -> None:
    """Open the app and return when it is closed.

    Args:
        root: The directory of runs.
        port: Serve the app to this machine's browsers on this port instead of showing it in the terminal.

    Raises:
        InputError: There is neither a terminal nor a port, or the port cannot be listened on.
        MissingPartError: The browser mode is not installed.
    """
    if port is not None:
        browser.serve(Path(root), port)
        return
    in_browser = "TEXTUAL_DRIVER" in os.environ
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "the app needs a terminal",
            expected="a terminal on stdin and stdout",
            found="a file or a pipe",
            hint="Use `t2sql runs list` in scripts",
        )
    T2sqlApp(Path(root)).run()
