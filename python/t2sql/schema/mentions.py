"""The names of a schema that a question mentions, and the tables that a statement about them needs."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from t2sql.schema.joining import connected
from t2sql.schema.tables import Schema
from t2sql.schema.word_scores import Stem, is_short_for, synonyms, word_stem, word_stems

_WORD = re.compile(r"[^\W_]+")
_MOST = 8
"""Columns of a question: more say nothing."""
_PASSING = 0.5
"""The share of a name's weight, at least, whose words the question has."""
_IDENTIFIERS = frozenset({"id", "code", "key", "no", "nr"})
"""A name that has one of these is mentioned by a question that has it as well."""
_GENERAL = frozenset({"number", "count", "total", "average", "minimum", "maximum", "sum"})
"""Words that a question has for other reasons: a name needs another word besides."""
_STORED = frozenset({"data", "list", "table", "detail", "info", "information", "record", "map"})
"""Words that say of a table only that it is one."""
_STORED_WEIGHT = 0.2
_FAR = 4
"""Words between a column and the table that it is said to be of, at most."""
_EMPTY_WORDS = """
    a an and are as at be by do does each find for from give had has have how in is it its list many me more
    most much not of on or per please return show tell than that the their them there these this those to was
    were what which who whose with
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True)
class AskedNames:
    """What a question mentions of a schema.

    Attributes:
        tables: The tables that are mentioned or have a column that is, and those that join them, each after
            one that it joins.
        columns: (table, column) of each column that is mentioned, in the order of the question's words.
    """

    tables: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Name:
    """A table, or a column where `column` is not empty, with the words of its name."""

    table: str
    column: str
    stems: frozenset[Stem]


def asked_names(schema: Schema, question: str) -> AskedNames:
    """Find the tables and columns that a question mentions.

    A name is mentioned where the question has at least half of its words, weighed by how rare they are in the
    schema; plurals, synonyms and short forms count as in `WordScores`. Names are taken while they explain
    words of the question that those taken before do not, the ones that explain most first, and of equal
    columns the one whose table is named nearest.

    Args:
        schema: The tables.
        question: The question, in words.
    """
    return _Search(schema, question).result()


class _Search:
    """The words of one question, and which names explain them."""

    def __init__(self, schema: Schema, question: str) -> None:
        self._schema = schema
        self._question = question.lower()
        self._places: dict[Stem, list[int]] = {}
        for place, word in enumerate(_WORD.findall(self._question)):
            if word not in _EMPTY:
                self._places.setdefault(word_stem(word), []).append(place)
        names = _names(schema)
        rarity = Counter(word for name in names for word in name.stems)
        self._weights = {word: 1 / math.sqrt(count) for word, count in rarity.items()}
        self._weights |= {word: _STORED_WEIGHT for word in self._weights if word in _STORED}
        self._found = {word: places for word in rarity if (places := self._places_of(word))}
        self._shares = {name: share for name in names if (share := self._share(name)) >= _PASSING}
        self._columns = Counter(name.table for name in self._shares if name.column)
        self._mentions = {
            table.name: sorted(
                {place for word in word_stems(table.name) for place in self._found.get(word, ())}
            )
            for table in schema.tables
        }

    def result(self) -> AskedNames:
        """Take names while they explain something."""
        explained: set[int] = set()
        taken: dict[_Name, int] = {}
        while len(taken) < _MOST:
            tables = {name.table for name in taken}
            best = max(
                (self._gain(name, explained, tables) for name in self._shares if name not in taken),
                key=lambda gain: gain[0],
                default=None,
            )
            if best is None or not best[2]:
                break
            _, name, places = best
            taken[name] = min(places)
            explained.update(places)
        in_order = sorted(taken, key=taken.__getitem__)
        columns = tuple((name.table, name.column) for name in in_order if name.column)
        return AskedNames(connected(self._schema, [name.table for name in in_order]), columns)

    def _gain(
        self, name: _Name, explained: set[int], tables: set[str]
    ) -> tuple[tuple[float, ...], _Name, set[int]]:
        """How good the name is as the next: the sort key, the name, and the places that it explains."""
        near = self._mentions[name.table]
        places: set[int] = set()
        distance = _FAR
        for word in name.stems:
            free = [place for place in self._found.get(word, ()) if place not in explained]
            if free:
                place = min(free, key=lambda place: min((abs(place - at) for at in near), default=_FAR))
                distance = min([distance, *(abs(place - at) for at in near if at != place)])
                places.add(place)
        share = self._shares[name]
        known = name.table in tables or bool(self._mentions[name.table])
        key = (
            len(places) * share + 0.3 * known * bool(places),
            -distance if name.column else 0.0,
            float(not name.column),
            self._columns[name.table],
        )
        return key, name, places

    def _share(self, name: _Name) -> float:
        """The share of the name's weight that the question's words have; 0 where they do not mention it."""
        same = [word for word in name.stems if word in self._found]
        if not name.stems & _IDENTIFIERS <= self._found.keys():
            return 0.0
        if not (set(same) - _GENERAL - _STORED or (same and name.stems <= _GENERAL | _STORED)):
            return 0.0
        # Sums that do not depend on the order of a set, which differs from process to process.
        whole = math.fsum(self._weights[word] for word in name.stems)
        return math.fsum(self._weights[word] for word in same) / whole

    def _places_of(self, word: Stem) -> list[int]:
        """Where the question has a word of a name, or one that means the same."""
        if word in self._places:
            return self._places[word]
        if not word.isascii():
            place = self._question.find(word)
            return [] if place < 0 else [len(_WORD.findall(self._question[:place]))]
        return sorted(
            place
            for asked, places in self._places.items()
            if asked in synonyms(word) or is_short_for(word, asked)
            for place in places
        )


def _names(schema: Schema) -> list[_Name]:
    """Tables and columns with the words of their names; a column's words do without its table's.

    A foreign key with the name of what it refers to is none of them: that has the name already.
    """
    names = []
    for table in schema.tables:
        own = frozenset(word_stems(table.name))
        names.append(_Name(table.name, "", own))
        targets = {key.column: word_stems(key.to_table) for key in table.foreign_keys}
        for column in table.columns:
            stems = frozenset(word_stems(column.name))
            if column.name in targets and stems - _IDENTIFIERS <= targets[column.name]:
                continue
            names.append(_Name(table.name, column.name, (stems - own) or stems))
    return names
