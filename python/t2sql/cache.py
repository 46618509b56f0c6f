"""Where what is downloaded or made once is kept."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from t2sql.errors import InputError


def cache_dir() -> Path:
    """`$T2SQL_CACHE`, or the user's cache directory."""
    chosen = os.environ.get("T2SQL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("t2sql", appauthor=False)


def temporary_folder(prefix: str) -> TemporaryDirectory[str]:
    """A folder in the cache that lives as long as its `with`; InputError when the cache cannot be written."""
    root = cache_dir()
    try:
        root.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(prefix=prefix, dir=root)
    except OSError as error:
        raise InputError(
            "the cache cannot be written", where=root, found=error.strerror, hint="Set T2SQL_CACHE"
        ) from None
