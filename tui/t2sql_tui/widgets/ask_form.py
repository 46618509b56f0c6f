"""The line of fields above a question: the models, the backend and the source."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widgets import Input, Select

from t2sql_tui import state

BACKENDS = ("auto", "llama", "mlx")


class AskForm(Horizontal):
    """Inputs `#model`, `#second`, `#source` and the choice `#backend`; their messages go on to the screen."""

    def __init__(self, choices: state.Choices, files: list[str]) -> None:
        """Fill the fields.

        Args:
            choices: What the fields begin with.
            files: Model files to suggest while one types.
        """
        super().__init__(id="ask-top")
        self._choices = choices
        self._files = files

    def compose(self) -> ComposeResult:
        """The fields from left to right; the second model's is hidden until it is wanted."""
        first, files = self._choices, SuggestFromList(self._files)
        yield Input(first.model, placeholder="model file", id="model", compact=True, suggester=files)
        yield Input(first.second, placeholder="second model", id="second", compact=True, suggester=files)
        yield Select[str](
            [(name, name) for name in BACKENDS],
            value=first.backend if first.backend in BACKENDS else "auto",
            allow_blank=False,
            id="backend",
            compact=True,
        )
        hint = "sqlite:///shop.db, or students: Name, Age"
        yield Input(first.source, placeholder=hint, id="source", compact=True)

    @property
    def choices(self) -> state.Choices:
        """What is in the fields now, without white space around it."""
        model, second, source = (
            self.query_one(f"#{name}", Input).value.strip() for name in ("model", "second", "source")
        )
        return state.Choices(model, second, str(self.query_one("#backend", Select).value), source)
