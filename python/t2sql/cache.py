"""Where what is downloaded or made once is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """`$T2SQL_CACHE`, or the user's cache directory."""
    chosen = os.environ.get("T2SQL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("t2sql", appauthor=False)
