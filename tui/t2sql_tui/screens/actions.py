"""Everything that can be done on a screen, read from the bindings of its widgets: what the palette lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

MOVEMENT = {
    f"{modifier}{key}"
    for modifier in ("", "ctrl+", "shift+")
    for key in ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "j", "k", "g", "G")
}
"""Keys that move a cursor or scroll, as they do anywhere."""


@dataclass(frozen=True)
class Action:
    """Something that can be done.

    Attributes:
        title: What it does.
        binding: Its key, and the action that Textual runs.
        node: The screen or widget that does it.
    """

    title: str
    binding: Binding
    node: DOMNode

    async def run(self) -> None:
        """Do it, with the widget that does it in the focus, as if its key had been pressed there."""
        if isinstance(self.node, Widget) and self.node.focusable and not isinstance(self.node, Screen):
            self.node.screen.set_focus(self.node)
        await self.node.app.run_action(self.binding.action, self.node)


def actions_of(screen: Screen[object]) -> list[Action]:
    """The actions of a screen and of what is shown on it, each once; those of the app are not among them."""
    actions: dict[str, Action] = {}
    for node in (screen, *screen.walk_children(Widget)):
        if isinstance(node, Widget) and node is not screen and not _is_shown(node):
            continue
        for binding in bindings_of(type(node)):
            title = binding.tooltip or binding.description
            if title and binding.key not in MOVEMENT and not binding.system:
                actions.setdefault(title, Action(title, binding, node))
    return list(actions.values())


def bindings_of(kind: type[object]) -> Iterator[Binding]:
    """The bindings that a class of ours declares or inherits from one of ours."""
    for base in kind.__mro__:
        if base.__module__.startswith("t2sql_tui") and issubclass(base, DOMNode):
            yield from Binding.make_bindings(base.__dict__.get("BINDINGS", ()))


def _is_shown(widget: Widget) -> bool:
    return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))
