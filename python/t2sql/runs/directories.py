"""Run directories as a whole: made, opened, removed, replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from t2sql.errors import InputError, WorkError
from t2sql.interrupts import interrupts_held
from t2sql.leftovers import beside, claimed, leftovers, remove, sweep
from t2sql.ownership import in_words
from t2sql.runs.config import read_config, write_config
from t2sql.runs.layout import RunLayout
from t2sql.runs.lock import is_held, read_owner
from t2sql.runs.new_config import new_config
from t2sql.runs.ownership import MARKER, check_owned, foreign_files, write_marker
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
    sweep(path.parent)
    if path.exists() and not (path.is_dir() and all(entry.name.startswith(".") for entry in path.iterdir())):
        if not force:
            raise InputError(
                "output exists", where=path, hint="Choose another name, or replace it with --force"
            )
        remove_run(path)
    config = new_config(settings, prompt_format=prompt_format)
    try:
        path.mkdir(parents=True, exist_ok=True)
        # A kill in between leaves a marker alone, which `check_owned` takes for ours.
        write_marker(path, config)
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


def remove_run(path: Path) -> list[Path]:
    """Remove a run directory, as far as t2sql wrote it.

    Links are not followed. A directory that holds anything else stays, with just that in it.

    Args:
        path: The run directory.

    Returns:
        The files, links and empty folders in it that t2sql did not write, and that are kept.

    Raises:
        InputError: t2sql did not make it.
        WorkError: It is being written, or something in it cannot be removed.
    """
    path = Path(path)
    check_owned(path)
    _refuse_running(path)
    _check_removable(path)
    sweep(path, own=True)
    kept = foreign_files(path)
    condemned = beside(RunLayout(path).named_root, "removing")
    if not kept:
        # Renamed first: an interrupted removal must not leave half a run under its name.
        os.replace(path, condemned)
    else:
        with interrupts_held():
            condemned.mkdir()
            _move_all_but(path, kept, condemned)
    _delete(condemned)
    return kept


def remove_leftovers(path: Path) -> int:
    """Remove what killed processes left beside a run: half-removed ones of its name, and replaced ones.

    Returns:
        How many there were.

    Raises:
        WorkError: One of them cannot be removed.
    """
    path = RunLayout(Path(path)).named_root
    found = [entry for state in ("removing", "replaced") for entry in _leftovers(path, state)]
    for entry in found:
        _delete(entry)
    return len(found)


def _leftovers(path: Path, state: str) -> list[Path]:
    prefix = f".{path.name}.{state}-"
    certain = set(leftovers(path.parent, name=path.name))
    # The names that 0.1.0 gave are short enough to be somebody's: the content has to be a run's as well.
    return [
        entry
        for entry in leftovers(path.parent, name=path.name, own=True)
        if entry.name.startswith(prefix) and (entry in certain or not foreign_files(entry))
    ]


def _delete(condemned: Path) -> None:
    try:
        remove(condemned)
    except OSError as error:
        raise WorkError(
            "the run is not wholly removed",
            where=error.filename or condemned,
            found=error.strerror,
            hint=f"What is left of it is in {condemned}; remove it by hand, or repeat t2sql runs rm",
        ) from None


def _check_removable(path: Path) -> None:
    """Refuse before anything is touched, where the rights to remove are missing."""
    for root, _, _ in os.walk(path):
        if not os.access(root, os.W_OK | os.X_OK):
            raise WorkError(
                "the run cannot be removed", where=root, found="a folder that cannot be written to"
            )
    if not os.access(RunLayout(path).named_root.parent, os.W_OK | os.X_OK):
        raise WorkError("the run cannot be removed", where=path, found="its folder cannot be written to")


def _move_all_but(path: Path, kept: Sequence[Path], target: Path) -> None:
    """Move a run's own files elsewhere: config.toml first, so that the rest is no run; the marker last."""
    needed = {parent for entry in kept for parent in entry.parents} | set(kept)
    order = {"config.toml": 0, MARKER: 2}
    for entry in sorted(path.iterdir(), key=lambda entry: (order.get(entry.name, 1), entry.name)):
        if entry not in needed:
            os.replace(entry, target / entry.name)
        elif entry.is_dir() and not entry.is_symlink() and entry not in kept:
            (target / entry.name).mkdir()
            _move_all_but(entry, kept, target / entry.name)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[None]:
    """Put an existing run aside while a new one takes its place; unless that ends well, it is put back.

    Raises:
        WorkError: The existing run is being written.
    """
    path = Path(path)
    _put_back(path)
    if not os.path.lexists(path):
        yield
        return
    check_owned(path)
    kept = foreign_files(path)
    if kept:
        raise InputError(
            "the run holds what t2sql did not write, so it is not replaced",
            where=path,
            found=in_words(kept, path),
            hint="Move it elsewhere, or choose another name",
        )
    _refuse_running(path)
    aside = beside(path, "replaced")
    os.replace(path, aside)
    try:
        with claimed(aside):
            yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        os.replace(aside, path)
        raise
    _delete(aside)


def _put_back(path: Path) -> None:
    """Undo a replacement that was killed before the new run was whole."""
    for whole in _leftovers(RunLayout(path).named_root, "replaced"):
        if os.path.lexists(path) and remove_run(path):
            return
        os.replace(whole, path)


def _refuse_running(path: Path) -> None:
    lock = RunLayout(path).lock
    if is_held(lock):
        raise WorkError("the run is being written", where=path, found=read_owner(lock), hint="Stop it first")
