"""Rows with the statement and the model they are of, and in words whether two results are the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from t2sql.sql import Result, same_result, value_text
from t2sql_tui import formatting


@dataclass(frozen=True)
class ShownRows:
    """A result, and what it is of.

    Attributes:
        model: The model that wrote the statement, as it was typed; nothing for a statement written by hand.
        question: The question that was asked; nothing where there was none.
        sql: The statement that was run.
        result: Its rows.
    """

    model: str
    question: str
    sql: str
    result: Result

    @property
    def title(self) -> str:
        """The model's file and the statement, on one line."""
        name = Path(self.model).name or "SQL"
        return f"{formatting.plain(name, 30)}: {formatting.plain(self.sql, 300)}"

    @property
    def count(self) -> str:
        """How many rows there are."""
        return row_count(self.result)


def row_count(result: Result) -> str:
    """How many rows a result has, such as "1 row" or "100,000 rows, and there are more"."""
    plural = "s" * (len(result.rows) != 1)
    return f"{len(result.rows):,} row{plural}{', and there are more' if result.truncated else ''}"


def sameness(first: Result, second: Result) -> str:
    """Whether two results are the same, in words that begin with "same" or "different".

    Rows are compared as `t2sql.sql.same_result` compares them; what is counted are rows of equal texts.
    """
    if first.truncated or second.truncated:
        return "not compared: there are more rows than are read"
    if same_result(first, second, ordered=True):
        return f"same: {row_count(first)}"
    if same_result(first, second, ordered=False):
        return f"same rows in another order: {row_count(first)}"
    if len(first.columns) != len(second.columns):
        columns = f"{len(first.columns)} and {len(second.columns)} columns"
        return f"different: {columns}, {len(first.rows):,} and {len(second.rows):,} rows"
    left, right = (Counter(tuple(map(value_text, row)) for row in result.rows) for result in (first, second))
    both = (left & right).total()
    counts = (("in both", both), ("only left", left.total() - both), ("only right", right.total() - both))
    return "different: " + ", ".join(f"{number:,} {where}" for where, number in counts)
