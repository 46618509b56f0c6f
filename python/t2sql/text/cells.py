"""Widths of text that is not ASCII; a module of its own, since Rich takes long to import."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def unicode_width(text: str) -> int:
    """The cells that text without control characters takes on a terminal."""
    return cell_len(text)


def cut(text: str, cells: int) -> str:
    """The beginning of a text that fits so many cells; no character is cut in half."""
    return set_cell_size(text, cells).rstrip(" ")
