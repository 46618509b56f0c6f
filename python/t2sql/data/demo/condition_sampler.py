"""Conditions of the demo's queries, drawn so that some rows meet them and some do not."""

from __future__ import annotations

from t2sql.data.demo.databases import DemoRow, Value
from t2sql.data.demo.domains import DemoColumn, DemoTable
from t2sql.data.demo.query import DemoCondition
from t2sql.data.rng import NoSample, Rng

_TRIES = 6
"""How often a threshold is drawn anew before the attempt is given up."""


class ConditionSampler:
    """Draws conditions on one table. Every draw starts from a row, so that at least one row meets it."""

    def __init__(self, rng: Rng, table: DemoTable, rows: list[DemoRow]) -> None:
        """Draw conditions on `table`, which has `rows`, with `rng`."""
        self._rng = rng
        self._table = table
        self._rows = rows

    def sample_some(
        self, counts: tuple[int, ...], excluded: DemoColumn | None = None
    ) -> tuple[DemoCondition, ...]:
        """Draw as many conditions as one of `counts`, none of them on the column `excluded`.

        Raises:
            NoSample: This attempt came to nothing.
        """
        n = self._rng.choice(counts)
        return self.sample(n, excluded=excluded) if n else ()

    def on_label(self) -> DemoCondition:
        """Draw a condition that one row meets, on the table's label."""
        return DemoCondition(self._table.label, "=", self._rng.choice(self._rows)[self._table.label.name])

    def sample(
        self,
        n: int,
        *,
        label: bool = False,
        numeric: bool | None = None,
        excluded: DemoColumn | None = None,
    ) -> tuple[DemoCondition, ...]:
        """Draw conditions on different columns that one row meets.

        Args:
            n: How many: one or two.
            label: Whether the first of them is on the table's label.
            numeric: Whether the columns hold numbers; None for columns of both kinds.
            excluded: A column that gets no condition.

        Raises:
            NoSample: This attempt came to nothing.
        """
        row = self._rng.choice(self._rows)
        columns = [column for column in self._table.columns if column not in (self._table.label, excluded)]
        if numeric is not None:
            columns = [column for column in columns if column.is_text != numeric]
        if len(columns) < n:
            raise NoSample
        chosen = self._rng.sample(columns, n)
        # Two conditions are most often one on a text and one on a number.
        if n == 2 and self._rng.chance(0.7):
            texts = [column for column in columns if column.is_text]
            numbers = [column for column in columns if not column.is_text]
            if texts and numbers:
                chosen = [self._rng.choice(texts), self._rng.choice(numbers)]
        if label:
            chosen = [self._table.label, *chosen[-1:]] if n == 2 else [self._table.label]
        conditions = tuple(self._condition(column, row, numeric is not True) for column in chosen[:n])
        if not label and n == 2 and not self._all_matter(conditions) and self._rng.chance(0.8):
            raise NoSample
        return conditions

    def _condition(self, column: DemoColumn, row: DemoRow, may_equal: bool) -> DemoCondition:
        """Draw a condition that `row` meets; `may_equal` allows asking for a number by its value."""
        value = row[column.name]
        if isinstance(value, str):
            return DemoCondition(column, "=", value)
        if may_equal and column.kind != "dec" and self._rng.chance(0.15):
            return DemoCondition(column, "=", value)
        op = self._rng.choice((">", ">", ">=", "<", "<", "<="))
        for _ in range(_TRIES):
            near = row if op in (">=", "<=") else self._rng.choice(self._rows)
            condition = DemoCondition(column, op, self._threshold(column, near))
            count = sum(condition.holds(other) for other in self._rows)
            if condition.holds(row) and count < len(self._rows):
                return condition
        raise NoSample

    def _threshold(self, column: DemoColumn, row: DemoRow) -> Value:
        """Draw a number of the column, or a rounder one near it."""
        value = row[column.name]
        assert not isinstance(value, str)
        if self._rng.chance(0.4):
            return value
        if isinstance(value, float):
            return int(value) if self._rng.chance(0.5) else value
        size = 10 ** max(len(str(abs(value))) - 2, 0)
        return value - value % (size if column.kind != "year" else self._rng.choice((1, 5, 10)))

    def _all_matter(self, conditions: tuple[DemoCondition, ...]) -> bool:
        """Tell whether leaving any of the conditions out would add rows."""
        both = sum(all(c.holds(row) for c in conditions) for row in self._rows)
        return all(sum(c.holds(row) for row in self._rows) > both for c in conditions)
