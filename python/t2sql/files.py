"""Outputs are built beside their place and renamed into it; what is in the way is refused without `force`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.errors import InputError


def check_free(out: Path, *, force: bool) -> None:
    """Refuse an output that exists (without `force`) or whose folder cannot be written to."""
    if out.exists() and not force:
        raise InputError("output exists", where=out, hint="Choose another name, or replace it with --force")
    folder = out.resolve().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError("output folder not writable", where=folder)


@contextmanager
def output_directory(out: Path, *, force: bool) -> Iterator[Path]:
    """A folder to fill; it becomes `out` when the block ends well and vanishes when it does not."""
    check_free(out, force=force)
    if out.is_dir() and any(out.iterdir()) and not (out / "config.json").is_file():
        raise InputError(
            "folder is not a model directory",
            where=out,
            hint="Only a model directory is replaced with --force",
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        building = out.parent / f".{out.name}.tmp-{os.getpid()}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
    except OSError as error:
        raise InputError("output folder not writable", where=out.parent, found=error.strerror) from None
    try:
        yield building
        if out.is_dir():
            old = out.parent / f".{out.name}.old-{os.getpid()}"
            os.rename(out, old)
            try:
                os.rename(building, out)
            except OSError:
                os.rename(old, out)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            if out.exists():
                out.unlink()
            os.rename(building, out)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write beside `path`, flush to the disk, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
