"""The last thing before the terminal: no text of any widget can control it."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from t2sql.text import stand_ins


class ControlFilter(LineFilter):
    """Leaves out control characters, which take no cell; what shows a stranger's text writes them as escapes.

    What is typed or generated into an input or an editor comes here as it is.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line without dangerous characters."""
        return [
            segment if segment.control else Segment(stand_ins(segment.text, ""), segment.style)
            for segment in segments
        ]
