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
    """A dialog that ends with True for its button or `y`, and with False for everything else.

    "Cancel" has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: Content, button: str) -> None:
        """Take what is asked.

        Args:
            question: The question.
            button: The label of the button that means yes.
        """
        super().__init__()
        self._question = question
        self._button = button

    def compose(self) -> ComposeResult:
        """The question above its two buttons."""
        with Vertical(id="dialog"):
            yield Static(self._question, markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel (n)", id="no")
                yield Button(f"{self._button} (y)", id="yes", variant="error")

    def on_mount(self) -> None:
        """Give "Cancel" the focus, so that Enter alone changes nothing."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _close_by_button(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """`y`, `n` or Escape: close with that answer."""
        self.dismiss(yes)
