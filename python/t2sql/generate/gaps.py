"""What a question asks for and a statement leaves out: reasons to doubt it without a database or a model.

Of 345 answers to questions that people wrote 126 had such a gap, and 10 of those were right
(docs/experiments.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

from t2sql.generate.wordings import number_of, unheeded
from t2sql.schema import NUMBER_WORDS, Schema, Stem, name_stems, text_stems

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)")
_NEGATION = re.compile(
    r"\b(?:without|never|except|excluding|neither|nor|cannot|\w+n't|not|no)\b"
    r"(?!\s+(?:only|more|less|fewer|above|below|over|under|greater|smaller|larger|higher|lower|older|younger"
    r"|later|earlier|longer|shorter|exceed\w*|matter|repeat\w*|repetitions?|duplicat\w*))",
    re.IGNORECASE,
)
_NEGATIONS = (exp.Not, exp.NEQ, exp.Except, exp.Null)
_SAID_OTHERWISE = frozenset(
    map(Stem, ("number", "count", "order", "list", "show", "group", "average", "total", "sum", "all"))
) | frozenset(map(Stem, ("maximum", "minimum", "max", "min")))
"""Words of requests: a table or column of that name need not be meant."""
_NAMES = frozenset({Stem("name")})
"""A question for names does not mean a table of names."""
_FEWEST_COUNTED = 2
"""Number words from this on: "one" is often no number."""


def omissions(question: str, schema: Schema, sql: str) -> tuple[str, ...]:
    """What the question says and the statement leaves out, and what the statement cannot mean, in words.

    Args:
        question: The question. Negations and number words are found in English alone.
        schema: The tables that it was asked about.
        sql: The answer, in SQLite's dialect; of what cannot be read nothing is said.
    """
    tree = _parsed(sql)
    return () if tree is None else tuple(_omissions(question, schema, tree))


def _omissions(question: str, schema: Schema, tree: exp.Expr) -> Iterator[str]:
    for number in _missing_numbers(question, tree):
        yield f"the question says {number}, which is not in the statement"
    for name in _unused_names(question, schema, tree):
        yield f"the question names {name}, which the statement does not use"
    if _NEGATION.search(question) and not any(tree.find_all(*_NEGATIONS)):
        yield "the question negates something and the statement nothing"
    yield from unheeded(question, tree)
    yield from _contradictions(tree)


def _contradictions(tree: exp.Expr) -> Iterator[str]:
    """What nobody means."""
    for select in tree.find_all(exp.Select):
        items = [item.sql().lower() for item in select.expressions]
        if len(set(items)) < len(items):
            yield "it selects one thing twice"
        whole = select.args.get("group") is None and any(
            item.find(exp.AggFunc) and not item.find(exp.Window) for item in select.expressions
        )
        if whole and select.args.get("order") is not None:
            yield "it orders a result of one row"


def _missing_numbers(question: str, tree: exp.Expr) -> Iterator[str]:
    literals = [literal.name for literal in tree.find_all(exp.Literal)]
    numbers = {value for text in literals if (value := number_of(text)) is not None}
    for match in _NUMBER.finditer(question):
        text = match[0].replace(",", "")
        value = number_of(text)
        if value not in numbers and not any(text in literal for literal in literals):
            yield match[0]
    for word in re.findall(r"[a-z]+", question.lower()):
        if word in NUMBER_WORDS:
            value = NUMBER_WORDS.index(word)
            # "More than one" is also "two or more", ">= 2".
            if value >= _FEWEST_COUNTED and numbers.isdisjoint((value - 1, value, value + 1)):
                yield word


def _unused_names(question: str, schema: Schema, tree: exp.Expr) -> Iterator[str]:
    """Tables, and columns of the statement's tables, whose whole names are in the question alone."""
    asked = text_stems(question) - _SAID_OTHERWISE
    tables = {table.name.lower() for table in tree.find_all(exp.Table)}
    columns = {column.name.lower() for column in tree.find_all(exp.Column)}
    used = _stems([*tables, *columns])
    for table in schema.tables:
        if table.name.lower() not in tables:
            if _is_named(table.name, asked - _NAMES, used):
                yield table.name
        elif not any(tree.find_all(exp.Star)):
            for column in table.columns:
                if column.name.lower() not in columns and _is_named(column.name, asked, used):
                    yield f"{table.name}.{column.name}"


def _is_named(name: str, asked: set[Stem], used: set[Stem]) -> bool:
    stems = name_stems(name)
    return stems <= asked and not stems <= used


def _stems(names: Iterable[str]) -> set[Stem]:
    return {stem for name in names for stem in name_stems(name)}


@lru_cache(maxsize=256)
def _parsed(sql: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(sql, read="sqlite") if sql else None
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
