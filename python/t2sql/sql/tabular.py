"""The rows of a result as a table of pyarrow, of pandas, and of HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import ModuleType
from typing import Any, TypeAlias

from t2sql.errors import MissingPartError
from t2sql.sql.cell_text import json_value, printable
from t2sql.text import html_table

ArrowTable: TypeAlias = Any
"""A `pyarrow.Table`."""
DataFrame: TypeAlias = Any
"""A `pandas.DataFrame`."""

_SHOWN_ROWS = 50
"""Rows that a notebook shows."""


def arrow_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> ArrowTable:
    """Make a table of pyarrow.

    Args:
        columns: The columns' names; of those with one name, the later ones get a number.
        rows: A value for each column. A column of mixed types becomes text.

    Raises:
        MissingPartError: pyarrow is not installed.
    """
    try:
        import pyarrow  # An extra.
    except ModuleNotFoundError:
        hint = "Install it: pip install pyarrow"
        raise MissingPartError("Parquet and Arrow need pyarrow", found="no pyarrow", hint=hint) from None
    arrays = [_array(pyarrow, [row[index] for row in rows]) for index in range(len(columns))]
    return pyarrow.Table.from_arrays(arrays, names=_distinct(columns))


def data_frame(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> DataFrame:
    """Make a table of pandas.

    Args:
        columns: The columns' names; of those with one name, the later ones get a number.
        rows: A value for each column.

    Raises:
        MissingPartError: pandas is not installed.
    """
    try:
        import pandas  # An extra.
    except ModuleNotFoundError:
        hint = "Install it: pip install pandas"
        raise MissingPartError("a data frame needs pandas", found="no pandas", hint=hint) from None
    return pandas.DataFrame.from_records(list(rows), columns=_distinct(columns))


def rows_html(columns: Sequence[str], rows: Sequence[Sequence[object]], truncated: bool) -> str:
    """Make an HTML table of the first rows, everything in it escaped.

    Args:
        columns: The columns' names.
        rows: A value for each column.
        truncated: Whether there are more rows than these.
    """
    shown = [[printable(value) for value in row] for row in rows[:_SHOWN_ROWS]]
    count = f"{len(rows)}{' or more' if truncated else ''} rows"
    rest = f", the first {_SHOWN_ROWS}" if len(rows) > _SHOWN_ROWS else ""
    return html_table(list(columns), shown, caption=count + rest)


def _array(pyarrow: ModuleType, values: list[Any]) -> Any:
    """A column as a pyarrow array: of the type that its values have, or else of text."""
    unlike = pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError, OverflowError
    try:
        return pyarrow.array(values)
    except unlike:
        return pyarrow.array([None if value is None else str(json_value(value)) for value in values])


def _distinct(names: Sequence[str]) -> list[str]:
    """The names; the second of the same name gets "_2", the third "_3"."""
    counts: Counter[str] = Counter()
    distinct = []
    for name in names:
        counts[name] += 1
        distinct.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return distinct
