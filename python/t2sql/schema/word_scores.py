"""How much the names of a schema have in common with a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Set
from typing import NewType

from t2sql.schema.tables import Schema, Table
from t2sql.schema.words import spelled_out, split_name

Stem = NewType("Stem", str)
"""A word in small letters without its plural."""

_WORD = re.compile(r"[^\W_]+")
# Thai, Lao, Burmese, Khmer, Japanese, Chinese and Korean.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]{3,}\\Z"
)
_VOWELS = frozenset("aeiouy")
_MOST_COMPARED = 20_000
"""Words of names that are compared with each of the question's; of more, abbreviations are not looked for."""
_SHORTEST = 3
"""Letters of an abbreviation, at least."""
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
    "id ids",
    "age old older oldest young younger youngest",
    "height tall taller tallest",
    "weight heavy heavier heaviest light lighter lightest weigh",
    "price expensive cheap cheaper cheapest",
    "speed fast faster fastest slow slower slowest",
    "length duration long longer longest short shorter shortest",
    "size area big bigger biggest large larger largest small smaller smallest",
    "name called named",
    "date when",
    "location place",
    "position rank",
    "job profession occupation",
    "gender sex",
    "phone telephone",
    "mail email",
    "owner own owned",
    "author writer written wrote",
    "director directed",
)
"""Words that people use for the same in questions and in names, without their plurals."""
_SAME: dict[str, set[str]] = {}
for _words in map(str.split, _SYNONYMS):
    for _word in _words:
        _SAME.setdefault(_word, set()).update(_words)


class WordScores:
    """How much the names of a schema have in common with a question."""

    def __init__(self, schema: Schema, question: str) -> None:
        """Weigh the words of a schema.

        Args:
            schema: The tables.
            question: The question, in words.
        """
        # "orderDate" and "qty" are written in questions too.
        self._asked = text_stems(question)
        question = question.lower()
        tables_with = Counter(
            stem
            for table in schema.tables
            for stem in set().union(*(name_stems(name) for name in (table.name, *table.column_names)))
        )
        # Chinese, Japanese and Thai put no blanks between words.
        self._asked |= {stem for stem in tables_with if not stem.isascii() and stem in question}
        self._alike = {Stem(other) for word in self._asked for other in synonyms(word)}
        self._alike |= {stem for stem in tables_with if any(is_short_for(stem, word) for word in self._asked)}
        self._alike -= self._asked
        # The inverse document frequency, with tables as documents.
        self._weights = {
            stem: math.log(1 + len(schema.tables) / count) for stem, count in tables_with.items()
        }

    def name(self, name: str) -> float:
        """The score of one name."""
        return self._sum(name_stems(name))

    def table(self, table: Table) -> float:
        """The score of a table's name and its columns' together."""
        columns = set().union(*(name_stems(name) for name in table.column_names))
        # A table of that name is a better guess than one with a column of that name.
        return 2 * self.name(table.name) + self._sum(columns)

    def _sum(self, stems: set[Stem]) -> float:
        # Sums that do not depend on the order of a set, which differs from process to process.
        same = math.fsum(self._weights[stem] for stem in stems & self._asked)
        return same + _SYNONYM * math.fsum(self._weights[stem] for stem in stems & self._alike)


def text_stems(text: str) -> set[Stem]:
    """The words of a text in small letters without their plurals; of "orderDate" its parts as well."""
    words = _WORD.findall(text)
    return {word_stem(word.lower()) for word in words}.union(*map(name_stems, words))


def name_stems(name: str) -> set[Stem]:
    """The words of a name in small letters without their plurals, common short forms spelled out."""
    stems = word_stems(name)
    # A word of such a name may be any part of it; pairs of letters stand for the parts.
    pairs = {Stem(stem[i : i + 2]) for stem in stems if _UNSPACED.match(stem) for i in range(len(stem) - 1)}
    return stems | pairs


def word_stems(name: str) -> set[Stem]:
    """As `name_stems`, without parts of words."""
    return {word_stem(word) for part in split_name(name) for word in _WORD.findall(spelled_out(part))}


def synonyms(word: str) -> Set[str]:
    """The words that people use for the same, the word itself among them; none for most words."""
    return _SAME.get(word, frozenset())


def is_short_for(a: Stem, b: Stem) -> bool:
    """Whether one word is likely an abbreviation of the other, or two words written as one have it."""
    short, long = sorted((a, b), key=len)
    if not (short.isascii() and short.isalpha() and len(short) >= _SHORTEST and len(short) + 1 < len(long)):
        return False
    if long.startswith(short):
        return True
    if len(short) > _SHORTEST and long.endswith(short):
        return True
    if short[0] != long[0] or not _VOWELS.isdisjoint(short[1:]):
        return False
    # "dpt" has letters of "department", in its order.
    letters = iter(long)
    return all(letter in letters for letter in short)


def word_stem(word: str) -> Stem:
    """The word without its English plural, the only inflection that is common in names."""
    if len(word) > 4 and word.endswith("ies"):
        return Stem(word[:-3] + "y")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return Stem(word[:-1])
    return Stem(word)
