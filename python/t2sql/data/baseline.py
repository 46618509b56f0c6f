"""A baseline that does not understand questions: it fills the commonest query shape with guesses."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from t2sql.data.dataset import Dataset
from t2sql.data.example import Example
from t2sql.schema import Table
from t2sql.sql import KEYWORDS, literal, quote, tokens

_FUNCTIONS = ("COUNT", "AVG", "MAX", "MIN", "SUM")


def query_shape(sql: str) -> str:
    """Return a statement with T, C and V for tables, columns and values: "SELECT C FROM T WHERE C = V"."""
    out: list[str] = []
    for kind, text in tokens(sql):
        word = text.upper()
        if kind == "comment":
            continue
        if kind == "space":
            out.append(" ")
        elif kind in ("string", "number"):
            out.append("V")
        elif kind == "operator" or (kind == "word" and (word in KEYWORDS or word in _FUNCTIONS)):
            out.append(word)
        else:
            out.append("C")
    text = " ".join("".join(out).split()).rstrip("; ")
    # A table or column of several tokens (qualified, or unquoted as in the tutorial's lines) is one name.
    text = re.sub(r"\b(FROM|JOIN) (?:(?! (?:JOIN|ON|WHERE|GROUP|ORDER|LIMIT)\b).)+", r"\1 T", text)
    return re.sub(r"\bC(?:[ ./-]+C)+\b", "C", text)


def commonest_shape(examples: Sequence[Example]) -> str:
    """Return the shape that most gold statements have; of equally common ones, the first.

    Args:
        examples: Examples of which at least one has a gold statement.
    """
    counts = Counter(query_shape(example.sql) for example in examples if example.sql is not None)
    return counts.most_common(1)[0][0]


def baseline_answers(dataset: Dataset, examples: Sequence[Example]) -> list[str]:
    """Answer each question with the commonest shape of the training split.

    The value is one of the database's that occurs in the question, the condition is on that value's column,
    and the columns asked for are the first others. This is the best that a program can do that understands
    nothing.

    Args:
        dataset: The dataset, whose training split decides the shape.
        examples: The questions, of any split.

    Returns:
        A statement for each question.

    Raises:
        InputError: The training split is empty, or the database of an example is missing.
    """
    shape = commonest_shape(dataset.train)
    return [_fill(shape, dataset, example) for example in examples]


def _fill(shape: str, dataset: Dataset, example: Example) -> str:
    table, column, value = _value_in_question(dataset, example)
    names = [quote(c.name) for c in table.columns if c.name != column] or [quote(column)]
    select, where, rest = shape.partition(" WHERE ")
    parts = []
    used = 0
    for part in select.split(" "):
        if part.rstrip(",") == "C":
            part = part.replace("C", names[min(used, len(names) - 1)])
            used += 1
        parts.append(quote(table.name) if part == "T" else part)
    slots = {"C": quote(column), "V": literal(value)}
    return " ".join(parts) + where + " ".join(slots.get(part, part) for part in rest.split(" "))


def _value_in_question(dataset: Dataset, example: Example) -> tuple[Table, str, str | int | float]:
    """Find the longest value of the database that occurs in the question.

    Returns:
        The value with its table and column; the first column of the first table and "" if there is none.
    """
    first = example.schema.tables[0]
    best: tuple[Table, str, str | int | float] = (first, first.columns[0].name, "")
    path = dataset.db_path(example)
    if path is None:
        return best
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        for table in example.schema.tables:
            for column in table.columns:
                sql = f"SELECT DISTINCT {quote(column.name)} FROM {quote(table.name)}"
                for (value,) in connection.execute(sql):
                    text = str(value)
                    if value is not None and len(text) > len(str(best[2])) and text in example.question:
                        best = (table, column.name, value)
    return best
