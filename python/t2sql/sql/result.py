"""What a statement returns, and the limits on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from t2sql.bounds import check_count, check_seconds
from t2sql.sql.tabular import ArrowTable, DataFrame, arrow_table, data_frame, rows_html

TIMEOUT = 5.0
"""Seconds that a statement may run unless the caller says otherwise.

The demo's and WikiSQL's gold statements take milliseconds; what takes longer than this is most often a join
without a condition.
"""

MAX_ROWS = 10_000
"""Rows of a result unless the caller says otherwise: more than people read, and little enough to hold."""

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of a result's values unless the caller says otherwise, so that few wide rows cannot fill memory."""

_MOST = 1 << 40
_SCALAR_BYTES = 8
"""What a value that is neither text nor bytes counts for: SQLite stores integers and reals in 8 bytes."""

Row: TypeAlias = tuple[object, ...]
"""Values in the order of the columns: of SQLite None, int, float, str and bytes, of others what their driver
returns."""


@dataclass(frozen=True)
class Limits:
    """How much a statement may use.

    Attributes:
        timeout: Seconds that it may run, from a thousandth to a day.
        max_rows: Rows to fetch, at most.
        max_bytes: Bytes of rows to fetch, at most; see `take_rows`.

    Raises:
        InputError: One is outside its range.
    """

    timeout: float = TIMEOUT
    max_rows: int = MAX_ROWS
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_seconds("timeout", self.timeout)
        check_count("max_rows", self.max_rows, _MOST, least=0)
        check_count("max_bytes", self.max_bytes, _MOST, least=0)


DEFAULT_LIMITS = Limits()
"""Those of a statement whose caller says nothing."""


@dataclass(frozen=True)
class Result:
    """What a statement returned.

    Attributes:
        columns: The names of the columns.
        rows: The rows, in the order in which the database returned them.
        truncated: Whether rows are missing because the result reached a limit.
        seconds: How long the statement ran, in seconds.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    truncated: bool
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: no row, or no value but NULL."""
        return all(value is None for row in self.rows for value in row)

    def to_arrow(self) -> ArrowTable:
        """The rows as a `pyarrow.Table`; see `arrow_table`.

        Raises:
            MissingPartError: pyarrow is not installed.
        """
        return arrow_table(self.columns, self.rows)

    def to_pandas(self) -> DataFrame:
        """The rows as a `pandas.DataFrame`; see `data_frame`.

        Raises:
            MissingPartError: pandas is not installed.
        """
        return data_frame(self.columns, self.rows)

    def _repr_html_(self) -> str:
        """The first rows, as a notebook shows them."""
        return rows_html(self.columns, self.rows, self.truncated)


def take_rows(cursor: Iterable[Sequence[object]], max_rows: int, max_bytes: int) -> tuple[list[Row], bool]:
    """Read rows from a cursor until it is exhausted or a limit is reached.

    Args:
        cursor: The rows, fetched as the iteration goes on.
        max_rows: The most rows to return.
        max_bytes: The most bytes to return; text counts one byte a character, other values 8.

    Returns:
        The rows, and whether there were more than the limits allow.
    """
    rows: list[Row] = []
    size = 0
    for row in cursor:
        size += sum(len(value) if isinstance(value, str | bytes) else _SCALAR_BYTES for value in row)
        if len(rows) == max_rows or size > max_bytes:
            return rows, True
        rows.append(tuple(row))
    return rows, False
