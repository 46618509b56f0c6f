"""Run directories as a whole: made, opened, removed, replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from t2sql.errors import InputError, WorkError
from t2sql.runs.config import is_run, new_config, read_config, write_config
from t2sql.runs.layout import RunLayout
from t2sql.runs.lock import is_held, read_owner
from t2sql.runs.records import Json
from t2sql.runs.run import Run


def create_run(
    path: Path, settings: Mapping[str, Json], *, prompt_format: str | None = None, force: bool = False
) -> Run:
    """Make a run directory.

    Args:
        path: Where it goes.
        settings: Its settings, by name.
        prompt_format: The form of the prompts that its model is trained on.
        force: Replace an existing run, unless it is being written.

    Raises:
        InputError: `path` exists and is not replaced, or cannot be written.
        WorkError: The run that would be replaced is being written.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and all(entry.name.startswith(".") for entry in path.iterdir())):
        if not force:
            raise InputError(
                "output exists", where=path, hint="Choose another name, or replace it with --force"
            )
        if not is_run(path):
            raise InputError("not a run directory, so not replaced", where=path)
        remove_run(path)
    config = new_config(settings, prompt_format=prompt_format)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_config(path, config)
    except OSError as error:
        raise InputError("run directory not written", where=path, found=error.strerror or error) from None
    return Run(path, config)


def open_run(path: Path) -> Run:
    """An existing run.

    Raises:
        InputError: It is no run directory, one of another version, or its files cannot be read.
    """
    path = Path(path)
    return Run(path, read_config(path))


def remove_run(path: Path) -> None:
    """Remove a run directory.

    Raises:
        InputError: It is no run directory.
        WorkError: It is being written.
    """
    path = Path(path)
    if not is_run(path):
        raise InputError("not a run directory", where=path, expected="a directory with config.toml")
    _refuse_running(path)
    # Renamed first: an interrupted removal must not leave half a run under its name.
    condemned = path.with_name(f".{path.name}.removing-{os.getpid()}")
    os.replace(path, condemned)
    shutil.rmtree(condemned)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[None]:
    """Put an existing run aside while a new one takes its place; unless that ends well, it is put back.

    Raises:
        WorkError: The existing run is being written.
    """
    path = Path(path)
    if not is_run(path):
        yield
        return
    _refuse_running(path)
    aside = path.with_name(f".{path.name}.replaced-{os.getpid()}")
    os.replace(path, aside)
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        os.replace(aside, path)
        raise
    shutil.rmtree(aside)


def _refuse_running(path: Path) -> None:
    lock = RunLayout(path).lock
    if is_held(lock):
        raise WorkError("the run is being written", where=path, found=read_owner(lock), hint="Stop it first")
