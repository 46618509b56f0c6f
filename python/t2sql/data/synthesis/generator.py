"""Questions and SQL from a database of the user's own: its tables, its keys, and some of its rows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from t2sql.data.example import Example
from t2sql.data.rng import Rng
from t2sql.data.synthesis.checking import Checker
from t2sql.data.synthesis.conditions import weighted
from t2sql.data.synthesis.drawing import Drawer
from t2sql.data.synthesis.extract import Extract, extract
from t2sql.data.synthesis.phrasings import Voice
from t2sql.data.synthesis.queries import Query
from t2sql.data.synthesis.recipe import Recipe
from t2sql.data.synthesis.splits import Splits
from t2sql.databases import masked_url
from t2sql.errors import InputError
from t2sql.progress import Progress
from t2sql.prompt import render_prompt
from t2sql.schema import Schema

_GIVE_UP = 300
"""Attempts that may come to nothing before a kind of question is given up."""


@dataclass(frozen=True)
class Generated:
    """The examples of each split; `warnings` say what the database did not give, or was not asked for."""

    splits: dict[str, list[Example]]
    warnings: tuple[str, ...]


def generate(
    url: str,
    out: Path,
    recipe: Recipe,
    *,
    seed: int = 0,
    with_private: bool = False,
    progress: Progress | None = None,
) -> Generated:
    """Write a bounded copy of the database under `out`/db, and return examples that run on it."""
    made = extract(url, out / "db", recipe, seed=seed, with_private=with_private)
    with closing(Checker(made.path)) as checker:
        splits = _examples(made, checker, recipe, Rng(f"database/{seed}"), progress)
    counts = {name: len(examples) for name, examples in splits.items()}
    if not all(counts.values()):
        raise InputError(
            "the database gives too few questions",
            where=masked_url(url),
            expected="some for each of train, valid and test",
            found=f"{sum(counts.values())} in all",
        )
    warnings = made.warnings
    if sum(counts.values()) < sum(recipe.sizes.values()):
        warnings += (f"the database gave {sum(counts.values())} of {recipe.examples} questions",)
    return Generated(splits, warnings)


def _examples(
    made: Extract, checker: Checker, recipe: Recipe, rng: Rng, progress: Progress | None
) -> dict[str, list[Example]]:
    drawer = Drawer(rng, recipe, made.items, checker.connection)
    voice = Voice(rng)
    splits = Splits(recipe.sizes)
    examples: dict[str, list[Example]] = {name: [] for name in recipe.sizes}
    seen: set[str] = set()
    empty = total = 0
    shares = {kind: share for kind, share in recipe.shares.items() if share}
    while shares and not splits.full:
        kind = weighted(rng, shares)
        for _ in range(_GIVE_UP):
            query = drawer.draw(kind)
            if query is None or (sql := query.sql()) in seen or (split := splits.place(sql)) is None:
                continue
            verdict = checker.judge(query)
            if verdict == "bad" or (verdict == "empty" and empty + 1 > recipe.empty * (total + 1)):
                continue
            question = voice.ask(query)
            if question.lower() not in seen:
                break
        else:
            del shares[kind]
            continue
        seen |= {sql, question.lower()}
        splits.take(sql, split)
        schema = _prompted(made.schema, query, recipe, rng)
        examples[split].append(_example(made, split, len(examples[split]) + 1, schema, query, question))
        empty += verdict == "empty"
        total += 1
        if progress and total % 100 == 0:
            progress(total, recipe.examples, "questions")
    return examples


def _prompted(schema: Schema, query: Query, recipe: Recipe, rng: Rng) -> Schema:
    """The tables that the query needs, and as many others as a prompt may have, in the schema's order."""
    needed = set(query.tables)
    others = [table for table in schema.tables if table.name not in needed]
    room = max(0, recipe.prompt_tables - len(needed))
    if room < len(others):
        needed |= {table.name for table in rng.sample(others, room)}
        return Schema(tuple(table for table in schema.tables if table.name in needed))
    return schema


def _example(made: Extract, split: str, number: int, schema: Schema, query: Query, question: str) -> Example:
    sql = query.sql()
    return Example(
        id=f"{made.name}-{split}-{number:05d}",
        question=question,
        schema=schema,
        sql=sql,
        db=f"db/{made.path.name}",
        source=made.name,
        prompt=render_prompt(schema, question),
        completion=sql,
        tags=query.tags,
    )
