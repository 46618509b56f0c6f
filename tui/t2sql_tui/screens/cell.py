"""A dialog with the whole value of a cell: wrapped, JSON laid out, bytes in hexadecimal."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from t2sql.sql import value_text
from t2sql.text import one_line
from t2sql_tui import formatting

MOST_CHARACTERS = 100_000
"""Characters of a value that are shown."""
_BYTES_A_LINE = 16


class CellScreen(ModalScreen[None]):
    """Escape, Enter or `q` closes it; Ctrl+C or `y` copies the value as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close"),
        Binding("y", "copy", "Copy the cell"),
    ]

    def __init__(self, column: str, value: object) -> None:
        """Take what is shown.

        Args:
            column: The column's name.
            value: The value.
        """
        super().__init__()
        self._column = column
        self._value = value

    def compose(self) -> ComposeResult:
        """The value, with its size on the border."""
        with VerticalScroll(id="dialog", classes="tall cell"):
            yield Static(whole(self._value), markup=False)

    def on_mount(self) -> None:
        """Set the dialog's title and size, and let the keys scroll it."""
        dialog = self.query_one("#dialog")
        dialog.border_title = formatting.plain(self._column, 60)
        dialog.border_subtitle = f"{size(self._value)}   y copies, Escape closes"
        self.set_focus(dialog)

    def action_copy(self) -> None:
        """`y`: copy the value."""
        self.app.copy_to_clipboard(value_text(self._value))
        self.notify("Copied the cell.")


def size(value: object) -> str:
    """A value's size in words."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(bytes(value)):,} bytes"
    text = value_text(value)
    return f"{len(text):,} characters" if isinstance(value, str) else type(value).__name__


def whole(value: object) -> str:
    """A value as text of many lines: JSON laid out, bytes as offsets, hexadecimal digits and characters."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _hexadecimal(bytes(value))
    text = "NULL" if value is None else value_text(value)
    if text.lstrip()[:1] in ("{", "["):
        try:
            document: Any = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict | list):
            text = json.dumps(document, indent=2, ensure_ascii=False)
    lines = (one_line(line) for line in text[:MOST_CHARACTERS].replace("\t", "    ").splitlines())
    return "\n".join(lines) + _rest(len(text) - MOST_CHARACTERS, "characters")


def _hexadecimal(data: bytes) -> str:
    most = MOST_CHARACTERS // 4
    lines = []
    for start in range(0, min(len(data), most), _BYTES_A_LINE):
        part = data[start : start + _BYTES_A_LINE]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):{3 * _BYTES_A_LINE}} {shown}")
    return "\n".join(lines or ["no bytes"]) + _rest(len(data) - most, "bytes")


def _rest(count: int, what: str) -> str:
    return f"\n… and {count:,} {what} more" if count > 0 else ""
