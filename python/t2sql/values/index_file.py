"""The file of an index of texts: a SQLite database that is written once and then only read."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.plain import Json
from t2sql.values.words import Word, fold, terms_of, words_of

_TABLES = """
    CREATE TABLE info (document TEXT);
    CREATE TABLE source (id INTEGER PRIMARY KEY, table_name TEXT, column_name TEXT, complete INTEGER);
    CREATE TABLE value (id INTEGER PRIMARY KEY, source INTEGER, text TEXT, key TEXT);
    CREATE VIRTUAL TABLE terms USING fts5(words, content='', detail=none, tokenize='ascii');
    CREATE TABLE term (word TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
"""
# The tokenizer splits at characters of ASCII only, so our own words are its tokens.
_FINISH = """
    CREATE INDEX value_key ON value (key);
    CREATE VIRTUAL TABLE vocabulary USING fts5vocab(terms, row);
    INSERT INTO term SELECT term, doc FROM vocabulary;
    DROP TABLE vocabulary;
"""
_MOST_LETTERS = 400


@dataclass(frozen=True)
class Limits:
    """How large an index may become, and how long it may take to make.

    Attributes:
        column_values: The most distinct texts of one column.
        values: The most texts of all columns together; 200,000 take about 20 MB.
        seconds: The time for reading the database and writing the index.
        column_seconds: The time for reading one column.
        length: The most characters of a text. Nobody asks for longer ones word by word.
    """

    column_values: int = 200_000
    values: int = 1_000_000
    seconds: float = 40.0
    column_seconds: float = 15.0
    length: int = 100


@dataclass(frozen=True)
class ColumnTexts:
    """The distinct texts of a column.

    Attributes:
        table: The name of its table.
        column: Its name.
        texts: Its texts.
        complete: Whether these are all that it has.
    """

    table: str
    column: str
    texts: Iterable[str]
    complete: bool


def write_index(path: Path | str, columns: Iterable[ColumnTexts], info: Mapping[str, Json]) -> None:
    """Write an index.

    Args:
        path: An empty file, or ":memory:" for nothing but a try.
        columns: The columns and their texts.
        info: What is noted beside the texts; the seconds that it took are added.

    Raises:
        sqlite3.Error: It cannot be written, or this SQLite has no FTS5.
    """
    with closing(sqlite3.connect(path)) as connection:
        fill_index(connection, columns, info)


def fill_index(
    connection: sqlite3.Connection, columns: Iterable[ColumnTexts], info: Mapping[str, Json]
) -> None:
    """Fill an empty database; see `write_index`."""
    started = time.monotonic()
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
    letters: Counter[str] = Counter()
    value = 0
    for source, column in enumerate(columns, 1):
        rows = list(_rows(column.texts, value, source))
        value += len(rows)
        connection.execute(
            "INSERT INTO source VALUES (?, ?, ?, ?)", (source, column.table, column.column, column.complete)
        )
        connection.executemany("INSERT INTO value VALUES (?, ?, ?, ?)", (row[:4] for row in rows))
        connection.executemany(
            "INSERT INTO terms (rowid, words) VALUES (?, ?)", ((row[0], row[4]) for row in rows)
        )
        for row in rows:
            letters.update(row[3])
    connection.executescript(_FINISH)
    alphabet = "".join(letter for letter, _ in letters.most_common(_MOST_LETTERS) if letter != " ")
    document = {
        **info,
        "letters": alphabet,
        "seconds": float(str(info.get("reading", 0))) + time.monotonic() - started,
        "values": value,
    }
    connection.execute("INSERT INTO info VALUES (?)", (json.dumps(document),))
    connection.commit()


def _rows(texts: Iterable[str], before: int, source: int) -> Iterator[tuple[int, int, str, str, str]]:
    for number, text in enumerate(texts, before + 1):
        folded = fold(text)
        words = words_of(folded)
        key = " ".join(word.text for word in words) or folded.strip()
        yield number, source, text, key, " ".join(_terms(words))


def _terms(words: list[Word]) -> Iterator[str]:
    for word in words:
        yield from terms_of(word)
