"""What a source's name stands for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

from t2sql import databases
from t2sql.data.record_files import SUFFIXES, suffix_of
from t2sql.data.spider import is_spider_layout
from t2sql.data.split_files import find_split_files
from t2sql.errors import InputError
from t2sql.text_files import open_text

SourceKind: TypeAlias = Literal[
    "demo", "wikisql", "a database", "a .sql file", "a layout", "a file", "a directory"
]
"""What a source's name stands for, in the words of error messages."""

SOURCES = (
    '"demo", "wikisql", "wikisql:PATH", a database URL such as "sqlite:///shop.db", a directory of examples '
    "or in Spider's or BIRD's layout, a file of examples (.jsonl, .json, .csv, .tsv, .parquet), or a .sql "
    "file of CREATE TABLE statements"
)
"""What a source may be, for error messages."""

_DOWNLOADS = ("http", "https", "ftp", "hf", "s3", "gs", "file")
"""Schemes of addresses that no database has."""

_HUB_ID = re.compile(r"(?:datasets/)?[\w.-]+/[\w.-]+\Z")
_WIKISQL_FILE = "train.tables.jsonl"


def kind_of(source: str) -> SourceKind:
    """Tell what a source's name stands for.

    Raises:
        InputError: It stands for nothing, or for something that has to be given in another way.
    """
    if source == "demo":
        return "demo"
    if source == "wikisql" or source.startswith("wikisql:"):
        return "wikisql"
    scheme, separator, _ = source.partition("://")
    if separator:
        if scheme.lower() in _DOWNLOADS:
            raise InputError(
                "no such data source",
                where=f"{scheme}://...",
                hint="Download it, and give the file or the folder; only WikiSQL is downloaded by t2sql",
            )
        return "a database"
    path = Path(source)
    if path.is_dir():
        return _kind_of_directory(path)
    if path.is_file():
        return _kind_of_file(path)
    if not path.exists() and _HUB_ID.match(source):
        name = source.removeprefix("datasets/")
        raise InputError(
            "no such file or folder",
            where=source,
            hint="If it is a data set of Hugging Face's hub, download it, and give the folder: "
            f"hf download --repo-type dataset {name} --local-dir {name.partition('/')[2]}",
        )
    raise InputError("no such data source", where=source, expected=SOURCES)


def is_database(source: str) -> bool:
    """Whether a source's name stands for a database: its URL, or the path of its file."""
    try:
        return kind_of(source) == "a database"
    except InputError:
        return False


def _kind_of_directory(path: Path) -> SourceKind:
    if is_spider_layout(path):
        return "a layout"
    if (path / _WIKISQL_FILE).is_file():
        raise InputError(
            "a folder of WikiSQL's own files", where=path, hint=f"Name it as the source wikisql:{path}"
        )
    find_split_files(path)
    return "a directory"


def _kind_of_file(path: Path) -> SourceKind:
    suffix = suffix_of(path)
    if suffix == ".sql":
        return "a .sql file"
    if suffix in SUFFIXES:
        return "a file"
    if databases.database_file_kind(path):
        return "a database"
    # Zip archives, SQLite files of other names and the like are named by their content.
    with open_text(path):
        raise InputError(
            "no such data source", where=path, expected=SOURCES, found=f"a file {suffix}".strip()
        )


def masked_source(source: str) -> str:
    """Return the source as it may be printed: a URL without its password.

    Raises:
        InputError: The source looks like a URL and is none.
    """
    return databases.masked_url(source) if "://" in source else source
