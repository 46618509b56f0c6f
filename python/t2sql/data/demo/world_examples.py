"""Examples over invented databases, drawn and worded as those of a user's own database are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from t2sql.data.demo.examples import make_example
from t2sql.data.demo.world_databases import WorldDatabase
from t2sql.data.example import Example
from t2sql.data.rng import Rng
from t2sql.data.synthesis import AnswerChecker, QuerySampler, QuestionWriter, Recipe, read_recipe

_SHARES: dict[str, float] = {
    "select": 4,
    "filter": 9,
    "filters": 4,
    "nested": 7,
    "distinct": 3,
    "count": 9,
    "aggregate": 8,
    "group": 12,
    "order": 17,
    "join": 14,
    "join2": 5,
    "related": 40,
    "none": 8,
}
"""The kinds of queries, about as often as people ask for them; see docs/experiments.md."""

_CONDITIONS: dict[str, float] = {
    "equal": 54,
    "not_equal": 6,
    "compare": 31,
    "between": 3,
    "like": 3,
    "in": 2,
    "null": 0,
}
_EMPTY = 0.02
_MOST_ATTEMPTS = 60
"""Attempts in a row for one example; then another kind is drawn."""


def world_recipe() -> Recipe:
    """Return what is drawn over invented databases."""
    return replace(read_recipe(), shares=_SHARES, conditions=_CONDITIONS)


def sample_examples(rng: Rng, database: WorldDatabase, count: int, recipe: Recipe) -> Iterator[Example]:
    """Draw examples over one database, no statement and no question twice.

    Args:
        rng: The source of random choices.
        database: The database.
        count: How many examples.
        recipe: What is drawn.

    Yields:
        The examples, whose ids are empty.
    """
    seen: set[str] = set()
    with closing(AnswerChecker(database.connect())) as checker:
        sampler = QuerySampler(rng, recipe, database.profiles, checker.connection)
        left = count
        while left:
            kind = rng.weighted_choice(recipe.shares)
            for _ in range(_MOST_ATTEMPTS):
                query = sampler.sample(kind)
                if query is None or (sql := query.sql()) in seen:
                    continue
                verdict = checker.judge(query)
                if verdict == "bad" or (verdict == "empty" and not rng.chance(_EMPTY)):
                    continue
                writer = QuestionWriter(rng, query)
                question, query = writer.write(), writer.query
                sql = query.sql()
                if sql in seen or question.lower() in seen:
                    continue
                seen |= {sql, question.lower()}
                yield make_example("", database, question, sql, ("relational", *query.tags))
                left -= 1
                break
