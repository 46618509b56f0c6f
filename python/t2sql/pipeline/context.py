"""What every stage gets: the run, its settings, and what is worked out once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from t2sql import data, models
from t2sql.data import Dataset
from t2sql.models import ModelRef
from t2sql.pipeline.settings import Settings
from t2sql.plain import Json
from t2sql.runs import Run, StageHandle
from t2sql.runs.records import RecordedModel, StageResult


@dataclass
class Context:
    """A run at work.

    Attributes:
        run: The run, locked for writing.
        settings: Its settings.
        say: Prints a line for people.
    """

    run: Run
    settings: Settings
    say: Callable[[str], None]

    @cached_property
    def named_model(self) -> ModelRef:
        """The base model as the settings name it; a hub model is downloaded.

        A hub model's commit is recorded in the run, and every later resumption takes that commit.
        """
        recorded = self.run.document.model
        pinned = recorded.revision if recorded and recorded.source == self.settings.model else None
        found = models.resolve(self.settings.model, revision=pinned)
        if found.revision is not None:
            self.run.pin_model(RecordedModel(source=self.settings.model, revision=found.revision))
        return found

    @cached_property
    def model(self) -> ModelRef:
        """The base model as a Hugging Face directory; a GGUF is imported."""
        return models.as_directory(self.named_model)

    @cached_property
    def dataset(self) -> Dataset:
        """The run's dataset; it is there once stage `data` is done."""
        return data.load(self.run.layout.data)


@dataclass(frozen=True)
class Stage:
    """One stage of the chain.

    Attributes:
        inputs: What the stage depends on, as values that JSON has; when one changes, it is done again.
        work: Does the work and returns what it found. Outputs are declared on the handle.
        announce: Emit the start event; without it, `work` does.
    """

    inputs: Callable[[Context], Mapping[str, Json]]
    work: Callable[[Context, StageHandle], StageResult]
    announce: bool = True
