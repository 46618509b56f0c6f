"""Outputs are built beside their place and renamed into it: a reader sees the old one or the new one, whole.

An output that exists is refused without `force`; one wording for every command.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.leftovers import beside, claimed, sweep
from t2sql.ownership import OutputKind

_FULL = ("disk is full", "unable to write", "no space left")
"""Parts of what SQLite, MLX and safetensors say of a disk that is full."""


def check_free(out: Path, *, force: bool) -> None:
    """Check, before any work is done, that an output can be written.

    Args:
        out: File or directory that will be written.
        force: Whether an existing output may be replaced.

    Raises:
        InputError: `out` exists and `force` is not set, or its folder cannot be written to.
    """
    if os.path.lexists(out) and not force:
        raise InputError("output exists", where=out, hint="Choose another name, or replace it with --force")
    folder = out.resolve().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError("output folder not writable", where=folder)


def write_error(what: str, where: Path, error: OSError) -> T2sqlError:
    """The error to raise when an output could not be written.

    Args:
        what: The output in a word or two, such as "dataset".
        where: The place of the output.
        error: What the system reported.

    Returns:
        A WorkError for a full disk (the command may be repeated as it is), else an InputError.
    """
    kind = WorkError if error.errno in (errno.ENOSPC, errno.EDQUOT) else InputError
    return kind(f"{what} not written", where=where, found=error.strerror or str(error))


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a text file as UTF-8.

    Args:
        path: The file; one that exists is replaced.
        text: All that it will hold.
        private: Make it readable by its owner only.

    Raises:
        OSError: It could not be written; what was at `path` before is still there.
    """
    with output_file(path, private=private) as building:
        building.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: object, *, indent: int | None = 1) -> None:
    """Write a document of JSON's own types, and a line break after it.

    Raises:
        OSError: It could not be written; what was at `path` before is still there.
    """
    write_text(path, json.dumps(document, ensure_ascii=False, indent=indent) + "\n")


@contextmanager
def output_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A file to fill.

    Args:
        path: Where the file goes; one that exists is replaced.
        private: Make it readable by its owner only.

    Yields:
        An empty file beside `path`. When the block ends well, the file is flushed to the disk and becomes
        `path`; when the block raises, it is removed.
    """
    sweep(path.parent)
    building = beside(path)
    try:
        with naming_full_disks(path), _naming_output(building, path):
            os.close(os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))
            with claimed(building):
                yield building
                flush(building)
                os.replace(building, path)
    except BaseException:
        building.unlink(missing_ok=True)
        raise


@contextmanager
def naming_full_disks(path: Path) -> Iterator[None]:
    """Raise errors of writing as an OSError with the output's name, whatever library reports them.

    Args:
        path: The output that the block writes.

    Raises:
        OSError: It could not be written.
    """
    try:
        yield
    except OSError as error:
        # An error of copying a file to a full disk has the name of the file that was read.
        if error.errno is not None and (error.filename is None or error.filename2 is not None):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    except (RuntimeError, sqlite3.Error) as error:
        # MLX and safetensors raise RuntimeError, SQLite its own error, and none of them says why.
        if any(words in str(error).lower() for words in _FULL):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


@contextmanager
def _naming_output(building: Path, out: Path) -> Iterator[None]:
    """Let errors name an output's place, and not the hidden one where it is built."""
    try:
        yield
    except OSError as error:
        if str(error.filename).startswith(str(building)):
            error.filename = str(error.filename).replace(str(building), str(out), 1)
        raise
    except T2sqlError as error:
        error.rename(building, out)
        raise


def check_directory(out: Path, kind: OutputKind, *, force: bool) -> None:
    """Check, before any work is done, that an output directory can be written.

    Args:
        out: The directory that will be written.
        kind: What will be written. Only what t2sql wrote of that kind is replaced.
        force: Whether it may be replaced.

    Raises:
        InputError: `out` exists and may not be replaced, or its folder cannot be written to.
    """
    check_free(out, force=force)
    kind.check_replaceable(out)


@contextmanager
def output_directory(out: Path, kind: OutputKind, *, force: bool = False) -> Iterator[Path]:
    """A directory to fill.

    Args:
        out: Where the directory goes.
        kind: What is written. Only what t2sql wrote of that kind is replaced.
        force: Whether an existing output may be replaced.

    Yields:
        An empty directory beside `out`. When the block ends well, it becomes `out`; when the block raises, it
        is removed and `out` stays as it was.

    Raises:
        InputError: `out` exists and may not be replaced, or its folder cannot be written to.
    """
    check_directory(out, kind, force=force)
    place = _place(out)
    sweep(place.parent)
    building = beside(place)
    try:
        building.mkdir(parents=True)
    except OSError as error:
        raise InputError("output folder not writable", where=out.parent, found=error.strerror) from None
    try:
        with naming_full_disks(out), _naming_output(building, out), claimed(building):
            yield building
            # Hours may have passed since the first look.
            kind.check_replaceable(out)
            _replace(building, place)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def flush(path: Path) -> None:
    """Wait until a file, or each file directly in a directory, is on the disk."""
    for file in path.iterdir() if path.is_dir() else [path]:
        if file.is_file():
            with open(file, "rb") as opened:
                os.fsync(opened.fileno())


def _place(out: Path) -> Path:
    """An output's place by its own name, which stands whatever moves: that of `d/../d` or of `.`."""
    return out.resolve() if out.name in ("", "..") else out.parent.resolve() / out.name


def _replace(building: Path, out: Path) -> None:
    """Rename a whole directory into its place; what was there is removed after, or put back on failure."""
    if not out.exists():
        os.rename(building, out)
        return
    # rename(2) replaces an empty directory only. After a kill between the two renames, `sweep` puts the
    # previous directory back.
    previous = beside(out, "old")
    os.rename(out, previous)
    try:
        os.rename(building, out)
    except BaseException:
        os.rename(previous, out)
        raise
    shutil.rmtree(previous, ignore_errors=True)
