"""The chain itself: which stages, in which order, and where one that was cut short goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from t2sql import runs
from t2sql.pipeline.settings import Settings, resolve_settings
from t2sql.runs import STAGES, Run


@dataclass
class Context:
    """What a stage gets: the run and its settings, and what was found out on the way."""

    run: Run
    settings: Settings
    say: Callable[[str], None]

    @property
    def model_directory(self) -> Path:
        """The base model as a Hugging Face directory; importing a GGUF happens here, once."""
        from t2sql import models

        return models.directory(self.settings.model)

    @property
    def model_key(self) -> str:
        return runs.fingerprint(self.model_directory)


def prepare_run(
    path: Path,
    given: dict[str, Any],
    *,
    plan: list[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Run, Settings]:
    """Make or open the run at `path`; settings that were not given again stay as they were recorded."""
    if not runs.is_run(path):
        settings = resolve_settings(given)
        run = runs.create_run(path, settings.to_dict())
    else:
        run = runs.open_run(path)
        settings = resolve_settings(given, run.config)
    with run.lock() as dead:
        if dead is not None:
            say(f"the run was left by {dead}, which did not end cleanly: going on from there")
        if run.config != _stored(settings):
            run.configure(settings.to_dict())
        run.plan(plan or list(STAGES))
    return run, settings


def execute(run: Run, settings: Settings, say: Callable[[str], None] = lambda text: None) -> None:
    """Work through the planned stages; those that are done with the same inputs are passed over."""
    context = Context(run, settings, say)
    worked: set[str] = set()
    run.listen(lambda event: worked.add(str(event["stage"])) if event["kind"] == "end" else None)
    with run.lock():
        for name in run.planned:
            # A stage's module is imported when its turn comes: a run that is done needs no MLX to say so.
            import_module(f"t2sql.pipeline.stage_{name}").work(context)
            if name not in worked:
                say(f"{name:9} already done")


def _stored(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in settings.to_dict().items() if value is not None}
