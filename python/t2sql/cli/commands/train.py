"""`t2sql train`: a LoRA adapter, with checkpoints, in a run directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from t2sql import pipeline, runs, train
from t2sql.cli.options import Force, StartFrom, shared
from t2sql.cli.output import Output
from t2sql.cli.run_printer import RunPrinter
from t2sql.cli.training_options import TRAINING, follows
from t2sql.errors import InputError, T2sqlError
from t2sql.plain import Json

EXAMPLE = """
t2sql train --model demo --data data/mine --out runs/mine --iters 400 --learning-rate 5e-4
t2sql train --out runs/mine --resume
"""


@shared(TRAINING)
def command(
    out: Output,
    training: dict[str, Any],
    target: Annotated[Path, typer.Option("--out", help="Run directory to write.")],
    model: Annotated[
        str | None,
        typer.Option("--model", help="A hub id, a directory, a GGUF file, or demo.", show_default="demo"),
    ] = None,
    start_from: StartFrom = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="Directory of JSONL, or demo.", show_default="demo"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint, with its settings.")
    ] = False,
    force: Force = False,
) -> None:
    """Train a LoRA adapter and print the loss as it goes; checkpoints and metrics go into the run."""
    if follows():
        return
    if resume and force:
        raise InputError("--resume and --force exclude each other")
    if resume and not runs.is_run(target):
        raise InputError("nothing to resume", where=target, expected="a run directory")
    if runs.is_run(target) and not (resume or force):
        raise InputError(
            "the output exists", where=target, hint="Go on from it with --resume, or add --force"
        )
    own = {"model": model, "start_from": start_from, "data": data}
    given = training | {name: value for name, value in own.items() if value is not None}
    if resume:
        _check_same_settings(runs.open_run(target).config, given)
    keeping = runs.replacing(target) if force else _nothing_left(target)
    with keeping:
        run, settings = pipeline.prepare_run(target, given, plan=["data", "train"], say=out.note)
        try:
            with out.progress() as progress:
                RunPrinter(out, run, progress)
                pipeline.execute(run, settings, out.note)
        except KeyboardInterrupt:
            if not force:
                kept = "checkpoints are" if train.checkpoints(target) else "settings and the data are"
                out.note(f"\nthe {kept} kept; to go on: t2sql train --out {target} --resume")
            raise
    result = run.stages["train"].result
    document = {"path": run.path, "settings": run.config, "chosen": run.chosen, **result}
    out.result(document, f"\n{run.path}")


@contextmanager
def _nothing_left(target: Path) -> Iterator[None]:
    """Remove a new run that failed before its first checkpoint."""
    made_before, folder_before = runs.is_run(target), target.is_dir()
    try:
        yield
    except Exception:
        if not made_before and runs.is_run(target) and not train.checkpoints(target):
            with suppress(T2sqlError, OSError):
                runs.remove_run(target)
                if folder_before:
                    target.mkdir(exist_ok=True)
        raise


def _check_same_settings(recorded: Mapping[str, Json], given: dict[str, Any]) -> None:
    """Refuse options that would make the resumed run another one."""
    before = pipeline.resolve_settings({}, recorded).to_json()
    train.check_same_settings(before, pipeline.resolve_settings(given, recorded).to_json())
