"""Text in columns of a terminal: widths are counted in cells, of which a character takes none, one or two."""

from __future__ import annotations

from t2sql import text as room

_MOST_MARKS = 16
"""Characters that a cell may have: any number of combining marks could stand on one letter."""


def width(text: str) -> int:
    """The cells that a text takes on a terminal."""
    return len(text) if text.isascii() else room.unicode_width(text)


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """Fill a text up with blanks.

    Args:
        text: The text.
        cells: The cells that it takes afterwards; a longer one stays as it is.
        right: Whether the text stands at the right.
    """
    blanks = " " * max(0, cells - width(text))
    return blanks + text if right else text + blanks


def shorten(text: str, cells: int) -> str:
    """Cut a text that is too long; it then ends with an ellipsis.

    Args:
        text: The text.
        cells: The cells that it may take, 1 or more.
    """
    most = cells * _MOST_MARKS
    if len(text) <= most and width(text) <= cells:
        return text
    return room.cut(text[:most], cells - 1) + "…"
