"""Examples from a database of the user's own: queries sampled from a copy of it, and questions for them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.data.example import Example, Splits
from t2sql.data.rng import Rng
from t2sql.data.synthesis.answer_checker import AnswerChecker
from t2sql.data.synthesis.database_copy import DatabaseCopy, copy_database
from t2sql.data.synthesis.query import Query
from t2sql.data.synthesis.query_sampler import QuerySampler
from t2sql.data.synthesis.question_writer import QuestionWriter
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.split_assigner import SplitAssigner
from t2sql.databases import masked_url
from t2sql.errors import InputError
from t2sql.progress import Progress
from t2sql.prompt import render_prompt
from t2sql.schema import Schema

_MOST_ATTEMPTS = 300
"""Attempts in a row that may come to nothing before a kind of query is given up."""


@dataclass(frozen=True)
class Generated:
    """What was generated from a database.

    Attributes:
        splits: The examples of each split.
        warnings: Sentences for people about what was left out or could not be generated.
        name: What the database is called.
        db: The copy's file, relative to the dataset's directory.
        schema: All tables of the copy.
        private: (table, column) of each column of which no value was taken.
    """

    splits: Splits
    warnings: tuple[str, ...]
    name: str
    db: str
    schema: Schema
    private: frozenset[tuple[str, str]]


def generate(
    url: str,
    out: Path,
    recipe: Recipe,
    *,
    seed: int = 0,
    with_private: bool = False,
    progress: Progress | None = None,
) -> Generated:
    """Write a bounded copy of a database, and generate examples that run on it.

    Args:
        url: The database.
        out: The new dataset's directory; the copy goes to its folder `db`.
        recipe: What to generate.
        seed: The seed of all random choices.
        with_private: Whether values of columns that look private are used.
        progress: Called now and then.

    Raises:
        InputError: The database cannot be read, or a split would be empty.
    """
    copy = copy_database(url, out / "db", recipe, seed=seed, with_private=with_private)
    with closing(AnswerChecker.read(copy.path)) as checker:
        splits = _generate(copy, checker, recipe, Rng(f"database/{seed}"), progress)
    count = sum(map(len, splits.values()))
    if not all(splits.values()):
        raise InputError(
            "the database gives too few questions",
            where=masked_url(url),
            expected="some for each of train, valid and test",
            found=f"{count} in all",
        )
    warnings = copy.warnings
    if count < sum(recipe.sizes.values()):
        warnings += (f"the database gave {count} of {recipe.examples} questions",)
    db = f"db/{copy.path.name}"
    return Generated(splits, warnings, copy.name, db, copy.schema, frozenset(copy.private))


def _generate(
    copy: DatabaseCopy, checker: AnswerChecker, recipe: Recipe, rng: Rng, progress: Progress | None
) -> Splits:
    sampler = QuerySampler(rng, recipe, copy.tables, checker.connection)
    assigner = SplitAssigner(recipe.sizes)
    examples: Splits = {name: [] for name in recipe.sizes}
    seen: set[str] = set()
    empty = total = 0
    weights = {kind: weight for kind, weight in recipe.shares.items() if weight}
    while weights and not assigner.is_full:
        kind = rng.weighted_choice(weights)
        for _ in range(_MOST_ATTEMPTS):
            query = sampler.sample(kind)
            if query is None or (sql := query.sql()) in seen or (split := assigner.choose(sql)) is None:
                continue
            verdict = checker.judge(query)
            if verdict == "bad" or (verdict == "empty" and empty + 1 > recipe.empty * (total + 1)):
                continue
            writer = QuestionWriter(rng, query)
            question, query = writer.write(), writer.query
            sql = query.sql()
            free = sql not in seen and question.lower() not in seen
            if free and (split := assigner.choose(sql)) is not None:
                break
        else:
            del weights[kind]
            continue
        seen |= {sql, question.lower()}
        assigner.add(sql, split)
        schema = _prompt_schema(copy.schema, query, recipe, rng)
        example_id = f"{copy.name}-{split}-{len(examples[split]) + 1:05d}"
        examples[split].append(_example(example_id, copy, schema, query, question))
        empty += verdict == "empty"
        total += 1
        if progress and total % 100 == 0:
            progress(total, recipe.examples, "questions")
    return examples


def _prompt_schema(schema: Schema, query: Query, recipe: Recipe, rng: Rng) -> Schema:
    """Return the tables that the query needs, and as many others as a prompt may have, in their order."""
    needed = set(query.tables)
    others = [table for table in schema.tables if table.name not in needed]
    room = max(0, recipe.prompt_tables - len(needed))
    if room < len(others):
        needed |= {table.name for table in rng.sample(others, room)}
        return Schema(tuple(table for table in schema.tables if table.name in needed))
    return schema


def _example(example_id: str, copy: DatabaseCopy, schema: Schema, query: Query, question: str) -> Example:
    sql = query.sql()
    return Example(
        id=example_id,
        question=question,
        schema=schema,
        sql=sql,
        db=f"db/{copy.path.name}",
        source=copy.name,
        prompt=render_prompt(schema, question),
        completion=sql,
        tags=query.tags,
    )
