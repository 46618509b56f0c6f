"""Where what is downloaded or made once is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.errors import InputError
from t2sql.leftovers import beside, claimed, sweep


def cache_dir() -> Path:
    """`$T2SQL_CACHE`, or the user's cache directory."""
    chosen = os.environ.get("T2SQL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("t2sql", appauthor=False)


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """A folder in the cache; those that killed processes left there are removed first.

    Args:
        name: What it is for, in a word.

    Yields:
        The folder, which is removed when the block ends.

    Raises:
        InputError: The cache cannot be written.
    """
    root = cache_dir()
    folder = beside(root / name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        sweep(root, own=True)
        folder.mkdir()
    except OSError as error:
        raise InputError(
            "the cache cannot be written", where=root, found=error.strerror, hint="Set T2SQL_CACHE"
        ) from None
    try:
        with claimed(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
