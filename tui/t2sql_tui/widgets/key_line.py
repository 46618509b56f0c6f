"""The line of keys at the foot of a screen: Enter first, and as many as fit whole."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from t2sql.text import width

_LAST = ("leave", "app.pop_screen", "app.quit", "app.help")
"""Actions that stand last, in this order, and are never left out; behind them is the palette's."""


class KeyLine(Footer):
    """Textual's footer in another order; keys that do not fit are left out whole, and are in the palette."""

    def __init__(self, order: Sequence[str]) -> None:
        """Take the order.

        Args:
            order: Keys by how much they are used; others come behind them.
        """
        super().__init__(show_command_palette=False)
        self._order = {key: place for place, key in enumerate(("enter", *order))}

    def compose(self) -> ComposeResult:
        """A clickable key for each action that has room."""
        if not self._bindings_ready:
            return
        for active in self._fitting():
            binding = active.binding
            yield FooterKey(
                binding.key,
                self.app.get_key_display(binding),
                binding.description,
                binding.action,
                disabled=not active.enabled,
                tooltip=active.tooltip or binding.description,
            ).data_bind(compact=Footer.compact)

    def on_resize(self) -> None:
        """Show the keys that the new width has room for."""
        self.call_after_refresh(self.recompose)

    def _fitting(self) -> list[ActiveBinding]:
        by_action: dict[str, ActiveBinding] = {}
        bindings = self.screen.active_bindings
        for active in bindings.values():
            if active.binding.show:
                by_action.setdefault(active.binding.action, active)
        last = [by_action.pop(action) for action in _LAST if action in by_action]
        palette = bindings.get(self.app.COMMAND_PALETTE_BINDING)
        if palette is not None:
            last.append(palette)
        first = sorted(by_action.values(), key=lambda one: self._order.get(one.binding.key, len(self._order)))
        room = self.app.size.width - sum(map(self._width, last))
        fitting: list[ActiveBinding] = []
        for active in first:
            room -= self._width(active)
            if room < 0:
                break
            fitting.append(active)
        return [*fitting, *last]

    def _width(self, active: ActiveBinding) -> int:
        # A blank on each side of the key, and one behind its description.
        binding = active.binding
        return width(self.app.get_key_display(binding)) + width(binding.description) + 3
