"""What people say instead of a column's name: comparatives, superlatives, verbs, whole questions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from t2sql.data.synthesis.relations import RelationWords
from t2sql.data.templates import read_toml
from t2sql.schema import singularize


@dataclass(frozen=True)
class ColumnWords:
    """The words for a column; `lexicon.toml` describes each. Any may be missing.

    Attributes:
        say: Other names of the column.
        high: Superlatives for the highest value.
        low: Superlatives for the lowest value.
        more: What stands after a noun for a higher value, with {v}.
        less: The same for a lower value.
        equal: The same for one value.
        more_verbs: Verbs for a higher value, in the base form, with {v}.
        less_verbs: Verbs for a lower value.
        equal_verbs: Verbs for one value.
        before: Whether the value stands before the noun.
        ask: Questions about one row, {x}.
        most: Verbs of the row with the highest value.
        least: Verbs of the row with the lowest value.
        many: Clauses that ask for the average of several rows, with {items}.
        participle: What happened in the year or on the date, such as "founded"; empty for other columns.
    """

    say: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    equal: tuple[str, ...] = ()
    more_verbs: tuple[str, ...] = ()
    less_verbs: tuple[str, ...] = ()
    equal_verbs: tuple[str, ...] = ()
    before: bool = False
    ask: tuple[str, ...] = ()
    most: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    participle: str = ""


@dataclass(frozen=True)
class _Lexicon:
    """The content of `lexicon.toml`.

    Attributes:
        people: Nouns for people.
        columns: The entry of each ending of a phrase, for things and for people.
        participles: The participle of each word.
        relations: The words for a pair of nouns: what is referred to, and what refers to it.
    """

    people: frozenset[str]
    columns: dict[str, tuple[ColumnWords, ColumnWords]]
    participles: dict[str, str]
    relations: dict[str, RelationWords]


@cache
def _lexicon() -> _Lexicon:
    document = read_toml("t2sql.data.synthesis", "lexicon.toml")
    columns: dict[str, tuple[ColumnWords, ColumnWords]] = {}
    for entry in document["column"].values():
        both = (_words(entry, entry.get("for_things", {})), _words(entry, entry.get("for_people", {})))
        columns |= dict.fromkeys(_listed(entry["words"], ","), both)
    participles = {
        word: participle
        for participle, words in document["participles"].items()
        for word in _listed(words, ",")
    }
    relations = {pair: RelationWords.read(text) for pair, text in document["relations"].items()}
    return _Lexicon(frozenset(_listed(document["people"], ",")), columns, participles, relations)


def _listed(text: str, mark: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(mark) if part.strip())


def _words(entry: dict[str, Any], special: dict[str, Any]) -> ColumnWords:
    own = {**entry, **special}
    values: dict[str, Any] = {"before": own.get("before", False)}
    for field in fields(ColumnWords):
        if field.name in own and field.name != "before":
            values[field.name] = _listed(own[field.name], ";")
    return ColumnWords(**values)


def is_person(item: str) -> bool:
    """Tell whether a row that is called `item` is a person."""
    people = _lexicon().people
    return item.lower() in people or item.lower().split(" ")[-1] in people


@cache
def column_words(phrase: str, role: str, person: bool) -> ColumnWords:
    """Return the words for a column.

    Args:
        phrase: What the column is called.
        role: Its role; see `Role`.
        person: Whether the rows are people.
    """
    lexicon = _lexicon()
    words = [
        singularize(word) if role in ("category", "name") else word for word in phrase.lower().split(" ")
    ]
    if role in ("year", "date", "time"):
        for word in words:
            if word in lexicon.participles:
                return ColumnWords(participle=lexicon.participles[word])
        return ColumnWords()
    numeric = role == "number"
    for start in range(len(words)):
        both = lexicon.columns.get(" ".join(words[start:]))
        if both is not None:
            found = both[person]
            is_measure = bool(found.high or found.more or found.more_verbs)
            # "The oldest" can only mean the age, and not the retirement age.
            if is_measure == numeric and (start == 0 or not is_measure):
                return found
    return ColumnWords()


def relation_words(parent: str, child: str) -> RelationWords:
    """Return the words for rows called `child` that refer to a row called `parent`."""
    pair = f"{parent.split(' ')[-1]} {child.split(' ')[-1]}".lower()
    return _lexicon().relations.get(pair, RelationWords())
