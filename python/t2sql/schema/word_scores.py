"""How much the names of a schema have in common with a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import NewType

from t2sql.schema.tables import Schema, Table
from t2sql.schema.words import split_name

Stem = NewType("Stem", str)
"""A word in small letters without its plural."""

_WORD = re.compile(r"[^\W_]+")
_SYNONYM = 0.5
"""What another word for the same counts, of the word itself."""
_SYNONYMS = (
    "invoice bill receipt",
    "customer client buyer",
    "employee staff worker",
    "order purchase",
    "product item article good",
    "payment pay paid",
    "price cost amount",
    "salary wage pay",
    "supplier vendor",
    "revenue sale turnover income",
    "company firm organization business",
    "city town",
    "country nation",
    "user account member",
    "movie film",
    "publication paper",
    "song track",
    "teacher instructor professor lecturer",
    "student pupil",
    "doctor physician",
    "car vehicle",
    "flight trip",
    "shipment delivery shipping",
    "department division",
    "category kind type",
    "store shop",
)
"""Words that people use for the same in questions and in names, without their plurals."""


class WordScores:
    """How much the names of a schema have in common with a question."""

    def __init__(self, schema: Schema, question: str) -> None:
        """Weigh the words of a schema.

        Args:
            schema: The tables.
            question: The question, in words.
        """
        question = question.lower()
        self._asked = {_stem(word) for word in _WORD.findall(question)}
        tables_with = Counter(
            stem
            for table in schema.tables
            for stem in set().union(*(_stems(name) for name in (table.name, *table.column_names)))
        )
        # Chinese, Japanese and Thai put no blanks between words.
        self._asked |= {stem for stem in tables_with if not stem.isascii() and stem in question}
        self._alike = {
            Stem(word)
            for group in _SYNONYMS
            if not self._asked.isdisjoint(words := group.split())
            for word in words
        } - self._asked
        # The inverse document frequency, with tables as documents.
        self._weights = {
            stem: math.log(1 + len(schema.tables) / count) for stem, count in tables_with.items()
        }

    def name(self, name: str) -> float:
        """The score of one name."""
        return self._sum(_stems(name))

    def table(self, table: Table) -> float:
        """The score of a table's name and its columns' together."""
        columns = set().union(*(_stems(name) for name in table.column_names))
        # A table of that name is a better guess than one with a column of that name.
        return 2 * self.name(table.name) + self._sum(columns)

    def _sum(self, stems: set[Stem]) -> float:
        same = sum(self._weights[stem] for stem in stems & self._asked)
        return same + _SYNONYM * sum(self._weights[stem] for stem in stems & self._alike)


def _stems(name: str) -> set[Stem]:
    return {_stem(word) for part in split_name(name) for word in _WORD.findall(part.lower())}


def _stem(word: str) -> Stem:
    """The word without its English plural, the only inflection that is common in names."""
    if len(word) > 4 and word.endswith("ies"):
        return Stem(word[:-3] + "y")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return Stem(word[:-1])
    return Stem(word)
