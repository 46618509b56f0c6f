"""The chain itself: which stages, in which order, and where one that was cut short goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from t2sql import runs
from t2sql.errors import InputError, T2sqlError
from t2sql.pipeline.context import Context
from t2sql.pipeline.discarding import Decide, check_loss, discard, loss_of, refuse
from t2sql.pipeline.preflight import check_chain
from t2sql.pipeline.settings import Settings, resolve_settings
from t2sql.pipeline.stages import BY_NAME
from t2sql.runs import STAGES, Run
from t2sql.runs.records import Json


def _silent(text: str) -> None:
    """Print nothing."""


def prepare_run(
    path: Path,
    given: Mapping[str, Json],
    *,
    plan: Sequence[str] = STAGES,
    say: Callable[[str], None] = _silent,
    decide: Decide = refuse,
) -> tuple[Run, Settings]:
    """Make or open a run.

    Args:
        path: The run directory.
        given: Settings by name. Those of an existing run that are not given again stay as they were recorded.
        plan: The stages to be done.
        say: Prints a line for people.
        decide: Asked whether what changed settings throw away of an existing run may be lost.

    Returns:
        The run with its settings written, and the settings.

    Raises:
        InputError: A setting is wrong, `path` is something else than a run, the loss is not accepted, or a
            planned stage cannot work with the model.
        MissingPartError: As `check_chain` does.
        WorkError: Another process writes the run.
    """
    if not runs.is_run(path):
        settings = resolve_settings(given)
        if path.exists() and not (path.is_dir() and all(e.name.startswith(".") for e in path.iterdir())):
            raise InputError("output exists", where=path, expected="a run, or a name that is free")
        check_chain(settings, plan)
        run = runs.create_run(path, settings.to_json(), prompt_format=settings.prompt_format.name)
    else:
        run = runs.open_run(path)
        settings = resolve_settings(given, run.config)
        if run.config != _stored(settings) or not _all_done(run, plan):
            recorded = run.document.model
            pinned = recorded.revision if recorded and recorded.source == settings.model else None
            check_chain(settings, plan, revision=pinned)
    with run.lock() as dead:
        if dead is not None:
            say(f"the run was left by {dead}, which did not end cleanly: going on from there")
        if run.config != _stored(settings):
            loss = loss_of(run, _recorded(run), _stored(settings))
            if loss is not None:
                if loss.is_dear:
                    check_loss(run, loss, decide)
                discard(run, loss)
            run.configure(settings.to_json(), prompt_format=settings.prompt_format.name)
        run.plan(plan)
    return run, settings


def execute(run: Run, settings: Settings, say: Callable[[str], None] = _silent) -> None:
    """Work through the planned stages; those that are done with the same inputs are passed over.

    Args:
        run: A run from `prepare_run`.
        settings: Its settings.
        say: Prints a line for people.

    Raises:
        T2sqlError: A stage failed; it is recorded so, and the next call goes on from there.
    """
    context = Context(run, settings, say)
    with run.lock():
        for name in run.planned:
            stage = BY_NAME[name]
            with run.stage(name, stage.inputs(context), announce=stage.announce) as handle:
                if handle.done:
                    say(f"{name:9} already done")
                else:
                    handle.save(stage.work(context, handle))


def _recorded(run: Run) -> dict[str, Json]:
    """The run's settings; those that an older version did not know have the values that they get now."""
    try:
        return _stored(resolve_settings({}, run.config))
    except T2sqlError:
        return dict(run.config)


def _all_done(run: Run, plan: Sequence[str]) -> bool:
    """Whether every planned stage was done, so that the run may be opened where its model is not."""
    return all((stage := run.stages.get(name)) is not None and stage.state == "done" for name in plan)


def _stored(settings: Settings) -> dict[str, Json]:
    """The settings as config.toml holds them: TOML has no null."""
    return {name: value for name, value in settings.to_json().items() if value is not None}
