"""The log of a run: its last events as lines, warnings and errors marked by word and colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import RichLog

from t2sql_tui import formatting
from t2sql_tui.runs.history import LOG_LINES

Entry = tuple[int, dict[str, Any]]
_LOUD = {"warning": "warning", "error": "error"}
_QUIET = ("train",)


class EventLog(RichLog):
    """`show(entries)` appends what has not been shown yet. `w` keeps warnings and errors only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "only_warnings", "Warnings only"),
    ]

    def __init__(self) -> None:
        super().__init__(
            id="log", max_lines=LOG_LINES, wrap=False, markup=False, highlight=False, auto_scroll=True
        )
        self._last = 0
        self._only_warnings = False
        self._entries: Sequence[Entry] = ()
        self.border_title = "Log"

    def show(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        fresh = [entry for entry in entries if entry[0] > self._last]
        if not fresh:
            return
        self._last = fresh[-1][0]
        # Stay where the reader is, unless that is the end.
        follow = self.scroll_offset.y >= self.max_scroll_y - 1
        lines = [
            self._line(event) for _, event in fresh if not self._only_warnings or event.get("kind") in _LOUD
        ]
        if lines:
            # At once: what writing costs is mostly the same for one line and for hundreds.
            self.write(Text("\n", no_wrap=True, end="").join(lines), scroll_end=follow)

    def restyle(self) -> None:
        self._last = 0
        self.clear()
        self.show(self._entries)

    def action_only_warnings(self) -> None:
        self._only_warnings = not self._only_warnings
        self.border_title = "Log: warnings and errors" if self._only_warnings else "Log"
        self.restyle()

    def _line(self, event: Mapping[str, Any]) -> Text:
        colours = self.app.theme_variables
        kind = event.get("kind")
        stage = formatting.plain(event.get("stage") or "", 9).ljust(9)
        line = Text(no_wrap=True, end="")
        line.append(f"{formatting.clock(event.get('time'))} ", style=colours["muted"])
        line.append(f"{stage} ", style=colours["primary"])
        if kind in _LOUD:
            line.append(f"{kind}: ", style=f"bold {colours[_LOUD[kind]]}")
        style = colours[_LOUD[kind]] if kind in _LOUD else colours["muted"] if kind in _QUIET else ""
        line.append(formatting.event(event), style=style)
        return line
