"""Strings of a grammar, at random; and whether an engine takes a string."""

from __future__ import annotations

import random
from typing import Any

from t2sql.grammar import Grammar
from t2sql.grammar import notations as n
from t2sql.grammar.values import COUNT, DIGIT, LONG_NUMBER, NUMBER, STRING
from t2sql.schema import Schema
from t2sql.schema.tables import Column, ForeignKey, Table

_LETTERS = "ab é'\"%_;-)(0😀\\/{}"


def sample(grammar: Grammar, rng: random.Random) -> str:
    """A string of the grammar, as its tree says; repetitions are mostly few."""

    def walk(node: n.Node) -> str:
        match node:
            case n.Terminal(text):
                return text
            case n.TerminalChoice(texts, _):
                return rng.choice(texts)
            case n.RuleReference(rule):
                return walk(grammar.rules[rule])
            case n.Concatenation(parts):
                return "".join(map(walk, parts))
            case n.Alternation(parts):
                return walk(rng.choice(parts))
            case n.Repetition(part, least, most):
                return "".join(walk(part) for _ in range(rng.randint(least, min(most, least + 2))))
        return _leaf(node, rng)

    return walk(grammar.rules["root"])


def _leaf(node: n.Node, rng: random.Random) -> str:
    if node == STRING:
        text = "".join(rng.choice(_LETTERS) for _ in range(rng.randint(0, 6)))
        return "'" + text.replace("'", "''") + "'"
    if node == DIGIT:
        return str(rng.randint(0, 9))
    if node in (NUMBER, LONG_NUMBER):
        return rng.choice(("0", "-7", "12", "3.25", "999999999999", "-0.000001"))
    assert node == COUNT, node
    return str(rng.randint(1, 9999))


def mutate(text: str, rng: random.Random) -> str:
    """One character less, more, doubled or other."""
    at = rng.randrange(len(text))
    new = rng.choice("aZ0 ,'\"();*\n")
    return rng.choice(
        (text[:at] + text[at + 1 :], text[:at] + new + text[at:], text[:at] + new + text[at + 1 :], text[:at])
    )


class Engine:
    """llguidance over bytes, on either notation: it reads GBNF too."""

    def __init__(self, grammar: str) -> None:
        from llguidance import LLMatcher, LLTokenizer

        self._matcher: Any = LLMatcher(LLTokenizer("byte"), grammar, log_level=0)
        assert not self._matcher.get_error(), self._matcher.get_error()

    def takes(self, text: str) -> bool:
        data = list(text.encode())
        self._matcher.reset()
        return self._matcher.try_consume_tokens(data) == len(data) and self._matcher.is_accepting()


def shop() -> Schema:
    """Keys, and names that are hard: quotes, spaces, keywords, beginnings of each other, other scripts."""
    customers = Table(
        "customers",
        (
            Column("id", "INTEGER", primary_key=True),
            Column("name"),
            Column("na"),
            Column("name two"),
            Column("größe"),
        ),
    )
    orders = Table(
        'the "orders"',
        (Column("id", "INTEGER"), Column("customer", "INTEGER"), Column("select"), Column("to'tal", "REAL")),
        (ForeignKey("customer", "customers", "id"),),
    )
    lines = Table(
        "lines 😀",
        (Column("order", "INTEGER"), Column("Näme\\x"), Column("/*")),
        (ForeignKey("order", 'the "orders"', "id"),),
    )
    return Schema((customers, orders, lines))
