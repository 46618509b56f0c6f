"""The line at the top of every screen: where one is, and the few figures that matter there."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

Part = tuple[str, str]


class TopBar(Static):
    """`show(title, parts)`: a title and (text, style) parts; none of them is read as markup."""

    def __init__(self, title: str = "") -> None:
        super().__init__(markup=False)
        self._title = title

    def on_mount(self) -> None:
        if self._title:
            self.show(self._title, [])

    def show(self, title: str, parts: list[Part]) -> None:
        pieces: list[str | Content | Part] = [
            (" t2sql ", "bold $background on $primary"),
            " ",
            (title, "bold"),
        ]
        for text, style in parts:
            pieces += ["  ", (text, style)]
        # Its place does not depend on what it says, and arranging a screen costs more than drawing a line.
        self.update(Content.assemble(*pieces), layout=False)
