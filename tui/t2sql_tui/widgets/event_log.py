"""The log of a run: its last events as lines, warnings and errors marked by word and colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import RichLog

from t2sql.runs import records
from t2sql.text import pad
from t2sql_tui import formatting
from t2sql_tui.runs.event_text import event_text
from t2sql_tui.runs.history import LOG_LINES

Entry: TypeAlias = tuple[int, records.Event]
"""An event and its number, which grows from event to event."""
_LOUD = ("warning", "error")
"""Kinds of events that are marked by a word and the theme's colour of the same name."""
_QUIET = ("train",)


class EventLog(RichLog):
    """A line for each event. It scrolls with new ones while its end is in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "only_warnings", "Warnings only"),
    ]

    def __init__(self) -> None:
        """Begin without events."""
        super().__init__(
            id="log", max_lines=LOG_LINES, wrap=False, markup=False, highlight=False, auto_scroll=True
        )
        self._last = 0
        self._only_warnings = False
        self._entries: Sequence[Entry] = ()
        self.border_title = "Log"

    def show(self, entries: Sequence[Entry]) -> None:
        """Append the events that have not been shown yet.

        Args:
            entries: The last events, in order.
        """
        self._entries = entries
        fresh = [entry for entry in entries if entry[0] > self._last]
        if not fresh:
            return
        self._last = fresh[-1][0]
        # Stay where the reader is, unless that is the end.
        follow = self.scroll_offset.y >= self.max_scroll_y - 1
        lines = [self._line(event) for _, event in fresh if not self._only_warnings or event.kind in _LOUD]
        if lines:
            # All lines at once: writing hundreds costs hardly more than writing one.
            self.write(Text("\n", no_wrap=True, end="").join(lines), scroll_end=follow)

    def restyle(self) -> None:
        """Write all lines again in the theme's colours."""
        self._last = 0
        self.clear()
        self.show(self._entries)

    def action_only_warnings(self) -> None:
        """`w`: show warnings and errors only, or everything."""
        self._only_warnings = not self._only_warnings
        self.border_title = "Log: warnings and errors" if self._only_warnings else "Log"
        self.restyle()

    def _line(self, event: records.Event) -> Text:
        colours = self.app.theme_variables
        kind = event.kind
        stage = pad(formatting.plain(event.stage or "", 9), 9)
        line = Text(no_wrap=True, end="")
        line.append(f"{formatting.clock(event.time)} ", style=colours["muted"])
        line.append(f"{stage} ", style=colours["primary"])
        if kind in _LOUD:
            line.append(f"{kind}: ", style=f"bold {colours[kind]}")
        style = colours[kind] if kind in _LOUD else colours["muted"] if kind in _QUIET else ""
        line.append(event_text(event), style=style)
        return line
