"""The names of a schema that a question mentions, in the order of its words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from t2sql.schema.tables import Schema
from t2sql.schema.word_scores import Stem, is_short_for, synonyms, word_stem
from t2sql.schema.words import spelled_out, split_name

_WORD = re.compile(r"[^\W_]+")
_MOST = 8
"""Names of a question: more say nothing."""
_PASSING = 0.5
"""The share of a name's weight, at least, whose words the question has."""
_IDENTIFIERS = frozenset({"id", "code", "key", "no", "nr"})
"""A name that has one of these is mentioned by a question that has it as well."""
_GENERAL = frozenset({"number", "count", "total"})
"""Words that a question has for other reasons: a name needs another word besides."""
_EMPTY_WORDS = """
    a an and are as at be by do does each find for from give had has have how in is it its list many me more most
    much not of on or per please return show tell than that the their them there these this those to was were
    what which who whose with
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True)
class AskedName:
    """A name that a question mentions.

    Attributes:
        table: The table; empty where several tables have such a column.
        column: The column; empty where the table itself is meant.
    """

    table: str
    column: str


def asked_names(schema: Schema, question: str) -> tuple[AskedName, ...]:
    """Find the tables and columns that a question mentions.

    A name is mentioned where the question has at least half of its words, counted by how rare they are in the
    schema; plurals, synonyms and short forms count as in `WordScores`. Of names that the same words mention,
    those that share most with them are taken, columns of tables that are mentioned before others.

    Args:
        schema: The tables.
        question: The question, in words.

    Returns:
        The names in the order of the question's words, at most eight.
    """
    words = [word.lower() for word in _WORD.findall(question)]
    places: dict[Stem, int] = {}
    for place, word in enumerate(words):
        if word not in _EMPTY:
            places.setdefault(word_stem(word), place)
    names = _names(schema)
    known = {word for _, stems in names for word in stems}
    rarity = Counter(word for _, stems in names for word in stems)
    found = {word: place for word in known if (place := _place(word, places, question)) is not None}
    # Of each place the names that it counts most for.
    best: defaultdict[int, list[tuple[float, int, AskedName]]] = defaultdict(list)
    for index, (name, stems) in enumerate(names):
        if not (stems & _IDENTIFIERS <= found.keys()):
            continue
        weights = {word: 1 / rarity[word] ** 0.5 for word in stems}
        same = [word for word in stems if word in found]
        if not (set(same) - _GENERAL or (same and stems <= _GENERAL)):
            continue
        share = sum(weights[word] for word in same) / sum(weights.values())
        if share >= _PASSING:
            place = min(found[word] for word in same)
            best[place].append((share + 0.01 * len(same) + 0.02 * (not name.column), -index, name))
    owners = Counter(name.table for ranked in best.values() for _, _, name in ranked if name.column)
    tables = {name.table for ranked in best.values() for _, _, name in ranked if not name.column}
    chosen: dict[AskedName, None] = {}
    for place in sorted(best):
        of_tables = [item for item in best[place] if not item[2].column]
        if of_tables:
            # Of "car_makers" and "cars_data" the one that has the columns of the question.
            chosen[max(of_tables, key=lambda item: (item[0], owners[item[2].table], item[1]))[2]] = None
        chosen |= dict.fromkeys(_columns([item for item in best[place] if item[2].column], tables))
    return tuple(chosen)[:_MOST]


def _columns(ranked: list[tuple[float, int, AskedName]], tables: set[str]) -> list[AskedName]:
    """The best columns of one place, those of tables that are mentioned first."""
    top = max((score for score, _, _ in ranked), default=0.0)
    best = [name for score, _, name in ranked if score == top]
    best = [name for name in best if name.table in tables] or best
    if len(best) > 2 and len({name.column.lower() for name in best}) == 1:
        return [AskedName("", best[0].column)]
    return best[:2]


def _names(schema: Schema) -> list[tuple[AskedName, frozenset[Stem]]]:
    """Tables and columns with the words of their names; a column's words do without its table's."""
    names = []
    for table in schema.tables:
        own = _stems(table.name)
        names.append((AskedName(table.name, ""), own))
        for column in table.columns:
            stems = _stems(column.name)
            names.append((AskedName(table.name, column.name), (stems - own) or stems))
    return names


def _stems(name: str) -> frozenset[Stem]:
    return frozenset(
        word_stem(word) for part in split_name(name) for word in _WORD.findall(spelled_out(part))
    )


def _place(word: Stem, places: dict[Stem, int], question: str) -> int | None:
    """Where the question has a word of a name, or one that means the same."""
    if word in places:
        return places[word]
    if not word.isascii():
        place = question.lower().find(word)
        return None if place < 0 else len(question[:place].split())
    alike = [place for asked, place in places.items() if asked in synonyms(word) or is_short_for(word, asked)]
    return min(alike, default=None)
