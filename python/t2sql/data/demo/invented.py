"""Invented subjects for the training split, so that a model learns to read the schema.

A few dozen everyday subjects teach a model their column names by heart. With an invented subject for nearly
every database, the only way to the right name is to copy it from the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from t2sql.data.demo.domains import Domain, TableSpec
from t2sql.data.rng import Rng
from t2sql.data.templates import read_toml

NAMING_STYLES = ("snake",) * 9 + ("words",) * 6 + ("camel",) * 2 + ("Snake",) * 3
"""More names with spaces than the everyday tables have, since quoting them has to be learned."""

_TWO_WORDS = 0.65
"""The probability that a column's name gets a second word, which makes thousands of names from a hundred."""


@dataclass(frozen=True)
class _Vocabulary:
    """The content of `invented.toml`.

    Attributes:
        things: What a row may be.
        modifiers: Words that go before a column's name.
        labels: "NAME : VALUES" of the column that tells rows apart; {thing} is the thing.
        texts: "NAME : VALUES : OPTIONS" of columns of texts.
        numbers: The same of columns of numbers.
    """

    things: tuple[str, ...]
    modifiers: tuple[str, ...]
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[str, ...]


@cache
def _vocabulary() -> _Vocabulary:
    document = read_toml("t2sql.data.demo", "invented.toml")
    things, modifiers = (
        tuple(" ".join(part.split()) for part in document[key].split(",")) for key in ("things", "modifiers")
    )
    return _Vocabulary(things, modifiers, *(tuple(document[key]) for key in ("labels", "texts", "numbers")))


def invent_domain(rng: Rng, *, with_parent: bool) -> Domain:
    """Invent a subject.

    Args:
        rng: The source of random choices.
        with_parent: Whether its table refers to a second one.
    """
    words = _vocabulary()
    thing, other = rng.sample(words.things, 2)
    texts, numbers = rng.shuffled(words.texts), rng.shuffled(words.numbers)
    columns = [_label(rng, thing), *_columns(rng, thing, [*texts[:5], *numbers[:5]])]
    if not with_parent:
        return Domain(TableSpec((_table_name(thing),), tuple(columns)))
    via = rng.choice((other.capitalize(), f"{rng.choice(words.modifiers)} {other.capitalize()}"))
    parent_columns = [_label(rng, other), *_columns(rng, other, [*texts[5:8], *numbers[5:8]])]
    child = TableSpec((_table_name(thing),), (*columns, f"{via} | - | city"))
    return Domain(child, TableSpec((_table_name(other),), tuple(parent_columns)), via)


def _table_name(thing: str) -> str:
    return f"{thing}s/{thing}"


def _label(rng: Rng, thing: str) -> str:
    name, values = rng.choice(_vocabulary().labels).format(thing=thing.capitalize()).split(" : ")
    return f"{name} | - | {values}"


def _columns(rng: Rng, thing: str, entries: list[str]) -> list[str]:
    """Write lines of columns as in `domains.toml`: a third with plain names, the others of two words."""
    out = []
    for entry in entries:
        noun, values, *options = entry.split(" : ")
        name = noun
        if rng.chance(_TWO_WORDS):
            modifier = thing.capitalize() if rng.chance(0.15) else rng.choice(_vocabulary().modifiers)
            if modifier not in noun.split():
                name = f"{modifier} {noun}"
        # "The longest" can only mean the length if there is no second one, such as the cable length.
        plain = options if name == noun else []
        pairs = [f"{key}: {value}" for key, _, value in (option.partition(" ") for option in plain)]
        if values.startswith("int") and rng.chance(0.5):
            pairs.append("sum")
        out.append(" | ".join([name, "-", values, *pairs]))
    return out
