"""Answers that a user confirmed about a database, as examples to train on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from t2sql.data.example import REMEMBERED_TAG, Example, Splits
from t2sql.data.rng import Rng
from t2sql.data.synthesis.generator import Generated
from t2sql.data.synthesis.split_assigner import without_values
from t2sql.prompt import render_prompt
from t2sql.remembered import RememberedAnswer
from t2sql.schema import Schema, Table
from t2sql.sql import Reader, SqlError, open_reader

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Between)
_MOST_NAMED = 3
_SECONDS = 5.0


@dataclass(frozen=True)
class WithRemembered:
    """Splits with remembered answers in them.

    Attributes:
        splits: The examples.
        left_out: Why an answer is not among them: its question, and the reason.
    """

    splits: Splits
    left_out: tuple[tuple[str, str], ...]

    def warning(self) -> str | None:
        """The answers that were left out, in a sentence; None where none were."""
        if not self.left_out:
            return None
        named = "; ".join(f"{question} ({why})" for question, why in self.left_out[:_MOST_NAMED])
        more = ", ..." if len(self.left_out) > _MOST_NAMED else ""
        return f"remembered answers that are not trained on: {len(self.left_out)}: {named}{more}"


def with_remembered(
    generated: Generated, answers: Sequence[RememberedAnswer], folder: Path, prompt_tables: int, seed: int
) -> WithRemembered:
    """Add remembered answers to the training split.

    Valid and test lose what an answer would give away: the same question, and statements that differ from an
    answer's in their values alone.

    Args:
        generated: The examples of the database.
        answers: The answers.
        folder: The dataset's directory.
        prompt_tables: The most tables of a prompt.
        seed: The seed of the choice of the other tables that a prompt shows.
    """
    rng, left_out = Rng(f"remembered/{seed}"), []
    added: list[Example] = []
    with open_reader(folder / generated.db) as reader:
        for answer in answers:
            try:
                sql = _sqlite_statement(answer, reader)
                _refuse_private(sql, generated.private)
            except _Unsuitable as reason:
                left_out.append((answer.question, str(reason)))
                continue
            added.append(_example(generated, answer.question, sql, len(added) + 1, prompt_tables, rng))
    if not added:
        return WithRemembered(generated.splits, tuple(left_out))
    questions = {example.question.casefold() for example in added}
    shapes = {without_values(example.sql or "") for example in added}
    splits = {}
    for name, examples in generated.splits.items():
        kept = [one for one in examples if one.question.casefold() not in questions]
        if name != "train":
            kept = [one for one in kept if without_values(one.sql or "") not in shapes]
        # A split that would be empty stays: without it nothing can be measured at all.
        splits[name] = kept or examples
    splits["train"] = [*splits["train"], *added]
    return WithRemembered(splits, tuple(left_out))


class _Unsuitable(Exception):
    """Why an answer is not trained on, in words."""


def _sqlite_statement(answer: RememberedAnswer, reader: Reader) -> str:
    """The statement on one line as it runs on the copy, in whichever dialect it was written."""
    written = [answer.sql] if "\n" not in answer.sql else []
    with suppress(SqlglotError, RecursionError, ValueError):
        written += sqlglot.transpile(answer.sql, read=answer.dialect, write="sqlite", comments=False)[:1]
    problem = "it cannot be written in SQLite's dialect"
    for sql in written:
        try:
            reader.execute(sql, timeout=_SECONDS, max_rows=1)
            return sql
        except SqlError as error:
            problem = str(error.found)
    raise _Unsuitable(problem)


def _refuse_private(sql: str, private: frozenset[tuple[str, str]]) -> None:
    """Refuse a statement that compares a column whose values are private."""
    names = {column.casefold() for _, column in private}
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError, ValueError):
        raise _Unsuitable("it cannot be parsed") from None
    for comparison in tree.find_all(*_COMPARISONS):
        private_ones = [one.name for one in comparison.find_all(exp.Column) if one.name.casefold() in names]
        if private_ones and comparison.find(exp.Literal) is not None:
            raise _Unsuitable(f"it has a value of {private_ones[0]}, which looks private")


def _example(
    generated: Generated, question: str, sql: str, number: int, prompt_tables: int, rng: Rng
) -> Example:
    schema = _prompt_schema(generated.schema, sql, prompt_tables, rng)
    return Example(
        id=f"{generated.name}-remembered-{number:05d}",
        question=question,
        schema=schema,
        sql=sql,
        db=generated.db,
        source=generated.name,
        prompt=render_prompt(schema, question),
        completion=sql,
        tags=(REMEMBERED_TAG,),
    )


def _prompt_schema(schema: Schema, sql: str, most: int, rng: Rng) -> Schema:
    """The tables that a statement reads, and as many others as a prompt may have, in their order."""
    read = {table.name.casefold() for table in sqlglot.parse_one(sql, read="sqlite").find_all(exp.Table)}
    needed = {table.name for table in schema.tables if table.name.casefold() in read}
    others: list[Table] = [table for table in schema.tables if table.name not in needed]
    room = max(0, most - len(needed))
    if room >= len(others):
        return schema
    needed |= {table.name for table in rng.sample(others, room)}
    return replace(schema, tables=tuple(table for table in schema.tables if table.name in needed))
