"""The stages of a run: which are done, which one is at work and how far, which are to come."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from t2sql.text import pad
from t2sql_tui import clock, formatting
from t2sql_tui.runs.history import StageView

_FULL, _EMPTY = "━", "─"
_NAME = 9


class StageList(Widget):
    """A line for each stage, with a bar for the one at work."""

    def __init__(self) -> None:
        """Begin without stages."""
        super().__init__(id="stages")
        self.border_title = "Stages"
        self._stages: Sequence[StageView] = ()
        self._running = False

    def show(self, stages: Sequence[StageView], running: bool) -> None:
        """Replace what is shown.

        Args:
            stages: The stages in their order.
            running: Whether the run's process lives; else no stage is at work, whatever its record says.
        """
        self._stages, self._running = stages, running
        self.refresh()

    def render(self) -> Content:
        """All lines."""
        if not self._stages:
            return Content.styled("no stage yet", "$muted")
        room = max(6, self.content_size.width - _NAME - 2)
        return Content("\n").join(self._line(stage, room) for stage in self._stages)

    def _line(self, stage: StageView, room: int) -> Content:
        state = "stale" if stage.state == "running" and not self._running else stage.state
        glyph, colour = formatting.STATES.get(state, ("?", "muted"))
        name = pad(formatting.plain(stage.name, _NAME), _NAME)
        head = Content.assemble((f"{glyph} ", f"${colour}"), (name, "bold" if state == "running" else ""))
        if state == "waiting":
            return head.stylize("$muted")
        if state == "running" and stage.fraction is not None:
            full = round((room - 5) * stage.fraction)
            return Content.assemble(
                head,
                (_FULL * full, "$primary"),
                (_EMPTY * (room - 5 - full), "$grid"),
                (f"{100 * stage.fraction:4.0f}%", "bold"),
            )
        if state == "done":
            text, colour = formatting.duration(stage.seconds), "muted"
        elif state == "running":
            began = formatting.number(stage.began)
            text = formatting.duration(None if began is None else max(0.0, clock.now() - began))
        else:
            text = state
        return Content.assemble(head, (text[:room].rjust(room), f"${colour}"))
