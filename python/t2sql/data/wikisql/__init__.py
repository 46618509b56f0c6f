"""WikiSQL: the official archive, read into SQL that runs or into the tutorial's text."""

from __future__ import annotations

from t2sql.data.wikisql.archive import OFFICIAL, Archive, download
from t2sql.data.wikisql.reading import SIZES, read
from t2sql.data.wikisql.tutorial import executable, readings

__all__ = ["OFFICIAL", "SIZES", "Archive", "download", "executable", "read", "readings"]
