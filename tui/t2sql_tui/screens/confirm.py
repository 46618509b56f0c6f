"""A question before something that cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConfirmScreen(ModalScreen[bool]):
    """A dialog that ends with True for its button, and with False for everything else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Close"),
        Binding("left,right", "app.focus_next", "Other button", show=False),
    ]

    def __init__(self, question: Content, button: str, *, can_be_undone: bool = False) -> None:
        """Take what is asked.

        Args:
            question: The question.
            button: The label of the button that means yes.
            can_be_undone: Whether Enter alone means yes; else it means no.
        """
        super().__init__()
        self._first = "yes" if can_be_undone else "no"
        self._question = question
        self._button = button

    def compose(self) -> ComposeResult:
        """The question above its two buttons."""
        with Vertical(id="dialog"):
            yield Static(self._question, markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel (esc)", id="no")
                yield Button(self._button, id="yes", variant="error")

    def on_mount(self) -> None:
        """Give the button that Enter presses the focus, before anything is painted."""
        self.set_focus(self.query_one(f"#{self._first}"))

    @on(Button.Pressed)
    def _close_by_button(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
