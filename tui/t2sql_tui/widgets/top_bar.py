"""The line at the top of every screen: the screen's title and the few figures that matter there."""

from __future__ import annotations

from typing import TypeAlias

from textual.content import Content
from textual.widgets import Static

Part: TypeAlias = tuple[str, str]
"""A text and its style."""


class TopBar(Static):
    """The app's name, a title and some figures; none of them is read as markup."""

    def __init__(self, title: str = "") -> None:
        """Begin with a title.

        Args:
            title: The title until `show` sets another; nothing leaves the line empty.
        """
        super().__init__(markup=False)
        self._title = title

    def on_mount(self) -> None:
        """Show the first title."""
        if self._title:
            self.show(self._title, [])

    def show(self, title: str, parts: list[Part]) -> None:
        """Replace what the line says.

        Args:
            title: The title.
            parts: Figures, from left to right.
        """
        pieces: list[str | Content | Part] = [
            (" t2sql ", "bold $background on $primary"),
            " ",
            (title, "bold"),
        ]
        for text, style in parts:
            pieces += ["  ", (text, style)]
        # The text does not change the line's place, and laying out a screen costs more than drawing a line.
        self.update(Content.assemble(*pieces), layout=False)
