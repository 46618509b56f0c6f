"""The keys of the screen that is open, read from its bindings, so that they cannot be out of date."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

_MOVEMENT = {
    f"{modifier}{key}"
    for modifier in ("", "ctrl+", "shift+")
    for key in ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "j", "k")
}
_NOTES = Content.assemble(
    ("Move ", "bold"),
    "with the arrows or j and k, Home, End, Page up and down; Tab goes to the next part.\n",
    ("Mouse: ", "bold"),
    "a column's head sorts; on a chart the wheel zooms and dragging moves it.\n",
    ("Copy ", "bold"),
    "what the mouse has selected with ctrl+c.",
)


class HelpScreen(ModalScreen[None]):
    """A dialog with a line for each key; `?`, Escape, `q` or Enter closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
    ]

    def __init__(self, screen: Screen[object]) -> None:
        """Read the keys.

        Args:
            screen: The screen whose keys are shown; it must still be the active one.
        """
        super().__init__()
        self._lines = _describe(screen)

    def compose(self) -> ComposeResult:
        """The keys, then what holds on every screen."""
        with VerticalScroll(id="dialog", classes="help"):
            yield Static(Content("\n").join(self._lines), markup=False)
            yield Static(_NOTES, markup=False, classes="notes")

    def on_mount(self) -> None:
        """Set the dialog's title."""
        self.query_one("#dialog").border_title = "Keys"
        self.query_one("#dialog").border_subtitle = "Escape closes"


def _describe(screen: Screen[object]) -> list[Content]:
    """A line for each description: its keys, then the description."""
    keys: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        if _worth_showing(active):
            shown = screen.app.get_key_display(active.binding)
            keys.setdefault(active.binding.description, []).append(shown)
    return [
        Content.assemble((" ".join(dict.fromkeys(shown)).ljust(16), "bold $primary"), description)
        for description, shown in keys.items()
    ]


def _worth_showing(active: ActiveBinding) -> bool:
    binding = active.binding
    if not binding.description or not active.enabled or binding.system:
        return False
    # In tables and logs the arrows do what arrows do anywhere; in a chart they are worth a line.
    return type(active.node).__module__.startswith("t2sql_tui.widgets.plot") or binding.key not in _MOVEMENT
