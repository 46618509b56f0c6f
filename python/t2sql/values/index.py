"""An index of a database's texts, opened for reading."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from t2sql.plain import Json
from t2sql.schema import ColumnValue, split_name
from t2sql.values.index_file import ColumnTexts, fill_index
from t2sql.values.matching import Candidate, Question, Source
from t2sql.values.words import fold, key_of, one_edit_away, terms_of, words_of

T = TypeVar("T")

VERSION = 2
"""Of the file; one of another version is written anew."""

_PARAMETERS = 500
"""SQLite before 3.32 takes at most 999 in a statement."""
_MOST_HITS = 400
"""Texts that are looked at for one term or key."""
_TYPO_LETTERS = 5
"""Shorter words are one edit from too many others."""
_PREFIX_LETTERS = 4
_LONGEST_WORD = 40
"""A longer one is no word that somebody mistyped."""


@dataclass(frozen=True)
class ColumnSamples:
    """A few texts of a column.

    Attributes:
        table: The name of its table.
        column: Its name.
        texts: The texts, the commonest first.
    """

    table: str
    column: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class IndexInfo:
    """What an index says of itself.

    Attributes:
        version: The form of the file.
        state: What identifies the database's tables and rows that it was made from.
        made: When, in seconds since 1970.
        seconds: How long it took to make.
        values: How many texts it has.
        left_out: Columns whose texts it has not, or not all of, and why, in words.
        letters: The letters of its texts.
        samples: A few texts of each column that is not private.
    """

    version: int
    state: str
    made: float
    seconds: float
    values: int
    left_out: tuple[str, ...]
    letters: str
    samples: tuple[ColumnSamples, ...] = ()


class ValueIndex:
    """The texts of a database's columns. Several threads may use it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read the head of an index.

        Args:
            connection: A file that `write_index` wrote, usable from any thread.

        Raises:
            sqlite3.Error, ValueError, KeyError, TypeError: It is no index.
        """
        self._connection = connection
        self._lock = threading.Lock()
        [(document,)] = self._rows("SELECT document FROM info")
        head = json.loads(document)
        self.info = IndexInfo(
            int(head["version"]),
            str(head["state"]),
            float(head["made"]),
            float(head["seconds"]),
            int(head["values"]),
            tuple(map(str, head["left_out"])),
            str(head["letters"]),
            tuple(
                ColumnSamples(str(table), str(column), tuple(map(str, texts)))
                for table, column, *texts in head.get("samples", ())
            ),
        )
        self._sources = {
            source: Source(table, column, bool(complete))
            for source, table, column, complete in self._rows("SELECT * FROM source")
        }
        names = {name for source in self._sources.values() for name in (source.table, source.column)}
        self._names = {
            word.text for name in names for part in split_name(name) for word in words_of(fold(part))
        }

    def spellings(self, table: str, column: str, text: str) -> tuple[str, ...]:
        """The texts of a column that have the key of a text; see `key_of`.

        Args:
            table: The name of the table.
            column: The name of its column.
            text: Any text.
        """
        sql = "SELECT source, text FROM value WHERE key = ? LIMIT ?"
        rows = self._rows(sql, (key_of(text), _MOST_HITS))
        return tuple(found for source, found in rows if self._sources[source].is_column(table, column))

    def is_complete(self, table: str, column: str) -> bool:
        """Whether the index has all texts of a column."""
        return any(source.complete for source in self._sources.values() if source.is_column(table, column))

    def near(self, table: str, column: str, text: str, limit: int = 3) -> tuple[str, ...]:
        """Texts of a column that a text may mean: with a typing error, or a part of it."""
        matches = self.matches(text, limit=limit, column=(table, column))
        return tuple(match.value for match in matches)

    def matches(
        self, question: str, *, limit: int = 10, column: tuple[str, str] | None = None
    ) -> tuple[ColumnValue, ...]:
        """The texts that words of a question mean, the likeliest first.

        Args:
            question: Any text.
            limit: The most texts.
            column: The table and the column to look in; None for all.
        """
        asked = Question(question, frozenset() if column else frozenset(self._names))
        only = None
        if column is not None:
            only = {i for i, source in self._sources.items() if source.is_column(*column)}
        spans = asked.spans()
        for source, text, key in self._values_with_keys(list(spans)):
            if only is None or source in only:
                asked.add_exact(self._sources[source], text, spans[key])
        self._add_partial(asked, only)
        return asked.best(limit)

    def _add_partial(self, asked: Question, only: set[int] | None) -> None:
        """Add the texts that have some of the question's words, perhaps with a typing error."""
        counts: dict[str, int] = {}
        written: dict[str, str] = {}
        for word in asked.open_words():
            terms = terms_of(word)
            known = self._counts(terms)
            if not known and not word.unspaced:
                known = self._counts(self._variants(word.text))
            counts |= known
            written |= dict.fromkeys(known, word.text)
        rare = sorted((term for term in counts if counts[term] <= _MOST_HITS), key=counts.__getitem__)
        queries = [f'"{term}"' for term in rare]
        order = list(counts)
        queries += [
            f'"{left}" AND "{right}"'
            for left, right in pairwise(order)
            if min(counts[left], counts[right]) > _MOST_HITS
        ]
        found: set[int] = set()
        for query in queries:
            found.update(
                row[0]
                for row in self._rows(
                    "SELECT rowid FROM terms WHERE terms MATCH ? LIMIT ?", (query, _MOST_HITS)
                )
            )
        for source, text, key in self._values(found):
            if only is None or source in only:
                asked.add_partial(Candidate(self._sources[source], text, key), written)

    def _variants(self, word: str) -> list[str]:
        """The index's words that a word may be: with one edit, or with an end that was left out."""
        variants: list[str] = []
        if len(word) > _LONGEST_WORD:
            return variants
        if len(word) >= _PREFIX_LETTERS and not word.isdigit():
            sql = "SELECT word FROM term WHERE word > ? AND word < ? ORDER BY count LIMIT 5"
            variants += [row[0] for row in self._rows(sql, (word, word + "\U0010ffff"))]
        if len(word) >= _TYPO_LETTERS and not any(letter.isdigit() for letter in word):
            block = ord(word[0]) >> 7
            letters = "".join(letter for letter in self.info.letters if ord(letter) >> 7 == block)
            variants += one_edit_away(word, "".join(filter(str.isalpha, letters)))
        return variants

    def _counts(self, terms: Sequence[str]) -> dict[str, int]:
        """The terms that the index has, and how many texts have each."""
        counts: dict[str, int] = {}
        for chunk in _chunks(terms):
            marks = ", ".join("?" * len(chunk))
            counts |= dict(self._rows(f"SELECT word, count FROM term WHERE word IN ({marks})", chunk))
        return {term: counts[term] for term in terms if term in counts}

    def _values_with_keys(self, keys: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        for chunk in _chunks(keys):
            marks = ", ".join("?" * len(chunk))
            sql = f"SELECT source, text, key FROM value WHERE key IN ({marks}) LIMIT {_MOST_HITS}"
            yield from self._rows(sql, chunk)

    def _values(self, numbers: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        for chunk in _chunks(sorted(numbers)):
            marks = ", ".join("?" * len(chunk))
            yield from self._rows(f"SELECT source, text, key FROM value WHERE id IN ({marks})", chunk)

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def memory_index(columns: Iterable[ColumnTexts], info: Mapping[str, Json]) -> ValueIndex:
    """An index that lives until it is closed.

    Args:
        columns: The columns and their texts.
        info: The fields of `IndexInfo`, but those that `write_index` adds.
    """
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    fill_index(connection, columns, info)
    return ValueIndex(connection)


def open_index(path: Path) -> ValueIndex | None:
    """Open an index; None if there is none of this version, or it cannot be read."""
    connection = None
    with suppress(sqlite3.Error, ValueError, KeyError, TypeError):
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        index = ValueIndex(connection)
        if index.info.version == VERSION:
            return index
    if connection is not None:
        connection.close()
    return None


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(items), _PARAMETERS):
        yield items[begin : begin + _PARAMETERS]
