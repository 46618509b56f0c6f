"""The field for a question."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import Input


class QuestionInput(Input):
    """One line; a question of several lines that is pasted becomes one, and loses no word."""

    def on_paste(self, event: Paste) -> None:
        """Join the lines; then Textual's own handler, which takes the first line, gets all."""
        event.text = " ".join(event.text.split())
