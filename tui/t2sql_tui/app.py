"""The app: its screens, themes and the keys that hold everywhere. `main` is what `t2sql tui` calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from t2sql_tui.screens.base import HEIGHTS, WIDTHS
from t2sql_tui.screens.runs import RunsScreen
from t2sql_tui.themes import DARK, THEMES


class T2sqlApp(App[None]):
    """The runs of `root`, and what can be seen of them."""

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
        super().__init__()
        self.root = root
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for the themes that do not know them."""
        return dict(DARK.variables)

    def get_default_screen(self) -> RunsScreen:
        return RunsScreen(self.root)

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.call_after_refresh(self._preload)

    @work(thread=True, group="preload")
    def _preload(self) -> None:
        """The other screens need NumPy and more: read while the first one is being looked at."""
        import t2sql_tui.screens.compare
        import t2sql_tui.screens.run  # noqa: F401

    def _restyle(self) -> None:
        for screen in self.screen_stack:
            restyle = getattr(screen, "restyle", None)
            if restyle is not None:
                restyle()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette's: Textual's own, with this app's list of keys in place of its panel."""
        yield SystemCommand("Keys", "The keys of this screen", self.action_help)
        yield SystemCommand("Next theme", "Dark, light or high contrast", self.action_next_theme)
        for command in super().get_system_commands(screen):
            if command.title != "Keys":
                yield command

    def action_next_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]

    def action_help(self) -> None:
        from t2sql_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))


def main(root: Path, port: int | None = None) -> None:
    """Open the app on a directory of runs; it must be on a terminal, unless `port` shows it in a browser."""
    if port is not None:
        from t2sql_tui.browser import serve

        serve(Path(root), port)
        return
    in_browser = "TEXTUAL_DRIVER" in os.environ
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        from t2sql.errors import InputError

        raise InputError(
            "the app needs a terminal",
            expected="a terminal on stdin and stdout",
            found="a file or a pipe",
            hint="Use `t2sql runs list` in scripts",
        )
    T2sqlApp(Path(root)).run()
