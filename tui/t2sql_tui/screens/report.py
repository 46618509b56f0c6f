"""A run's report, as `t2sql report` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Markdown, Static

from t2sql_tui import formatting
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.widgets.top_bar import TopBar

MOST_BYTES = 1 << 20
"""Bytes of a report that are shown."""


class ReportScreen(BaseScreen):
    """The report's text, to scroll in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
    ]

    def __init__(self, path: Path) -> None:
        """Take the report.

        Args:
            path: The Markdown file.
        """
        super().__init__()
        self._path = path

    def body(self) -> ComposeResult:
        """The text; what cannot be read is said above it."""
        yield Static(id="problem", markup=False)
        with VerticalScroll(id="report"):
            yield Markdown(open_links=False)

    async def on_mount(self) -> None:
        """Read the report, and let the keys scroll it."""
        self.query_one(TopBar).show("Report", [(formatting.plain(self._path, 80), "$muted")])
        self.set_focus(self.query_one("#report"))
        try:
            with self._path.open("rb") as file:
                text = file.read(MOST_BYTES).decode("utf-8", errors="replace")
        except OSError as error:
            self.show_problem(formatting.plain(error))
        else:
            await self.query_one(Markdown).update(text)
