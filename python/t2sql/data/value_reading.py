"""The texts of a database's columns, read within limits, without what looks private."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from t2sql.data.synthesis.privacy import Privacy, judge_privacy
from t2sql.databases import DatabaseColumn, DatabaseTable, ForeignKeyConstraint
from t2sql.schema import Column, Schema, Table
from t2sql.sql import MAX_BYTES, Result, SqlError
from t2sql.sql import Limits as StatementLimits
from t2sql.values import ColumnTexts, Limits, Namespaces, is_text, needs_cast, quoted_table

Run = Callable[["exp.Expr", StatementLimits], Result]
"""Runs a statement."""

_SAMPLE_ROWS = 500
_SAMPLE_LIMITS = StatementLimits(timeout=2.0, max_rows=_SAMPLE_ROWS, max_bytes=8 << 20)
_FIRST_ROWS = 200_000
"""Of a column that cannot be read whole in time, its texts in as many rows are taken."""
_LONG_TEXT = 60
"""A column whose texts have more characters on average is not asked for by value."""
_TEXT_BYTES = 400
"""What a text takes in a statement's result, at most: rows beyond the limit are left."""
_SAMPLES = 2
"""Texts of a column in a prompt."""
_SAMPLE_LETTERS = 24
_LOOKED_AT = 20
"""Of the commonest texts, how many are looked at for private ones."""
_UNASKED = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?\Z|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z|[\d.,+-]+\Z"
)
"""Dates, UUIDs and numbers as texts: people do not mistype them, and there are as many as rows."""


@dataclass
class ValueReader:
    """Reads the texts of a database's columns.

    Attributes:
        schema: Its tables.
        namespaces: What the name of each table is written after.
        run: Runs a statement on it.
        limits: How much is read.
        left_out: Columns that were not read, or not whole, and why, in words; filled by `columns`.
        samples: A few texts of each column that is not private, by the names of table and column; filled by
            `columns`.
    """

    schema: Schema
    namespaces: Namespaces
    run: Run
    limits: Limits
    left_out: list[str] = field(default_factory=list)
    samples: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def columns(self) -> Iterator[ColumnTexts]:
        """The columns with their texts; those with the fewest different ones come first."""
        end = time.monotonic() + self.limits.seconds
        samples = {table.name: self._sample(table) for table in self.schema.tables}
        privacy = judge_privacy(
            [_database_table(table) for table in self.schema.tables],
            {table.name: _sample_rows(table, samples[table.name]) for table in self.schema.tables},
        )
        self.samples |= _public_samples(samples, privacy)
        room = self.limits.values
        for table, column in self._readable(samples, privacy):
            name = f"{table.name}.{column.name}"
            most = min(room, self.limits.column_values)
            seconds = min(self.limits.column_seconds, end - time.monotonic())
            if most <= 0 or seconds <= 0:
                self.left_out.append(f"{name}: {'the index is full' if most <= 0 else 'the time was over'}")
                continue
            texts, missing = self._read(table, column, most, seconds)
            kept = [text for text in texts if self._is_kept(text, privacy)]
            room -= len(kept)
            if missing:
                self.left_out.append(f"{name}: {missing}")
            yield ColumnTexts(table.name, column.name, kept, not missing and len(kept) == len(texts))

    def _sample(self, table: Table) -> dict[str, list[str]]:
        """Texts of the first rows, by the column's name."""
        columns = [column for column in table.columns if is_text(column)]
        if not columns:
            return {}
        query = (
            exp.select(*map(_node, columns)).from_(quoted_table(table, self.namespaces)).limit(_SAMPLE_ROWS)
        )
        try:
            rows = self.run(query, _SAMPLE_LIMITS).rows
        except SqlError as error:
            self.left_out.append(f"{table.name}: {error.found}")
            return {}
        return {
            column.name: [text for row in rows if isinstance(text := row[index], str)]
            for index, column in enumerate(columns)
        }

    def _readable(
        self, samples: dict[str, dict[str, list[str]]], privacy: Privacy
    ) -> list[tuple[Table, Column]]:
        columns = []
        for table in self.schema.tables:
            for column in table.columns:
                texts = samples[table.name].get(column.name)
                if not texts or (table.name, column.name) in privacy.columns:
                    continue
                unasked = sum(_UNASKED.match(text) is not None for text in texts) >= 0.95 * len(texts)
                if not unasked and sum(map(len, texts)) <= _LONG_TEXT * len(texts):
                    columns.append((len(set(texts)), table, column))
        return [(table, column) for _, table, column in sorted(columns, key=lambda item: item[0])]

    def _read(self, table: Table, column: Column, most: int, seconds: float) -> tuple[list[str], str]:
        """The distinct texts of a column, and what is missing of them, in words; nothing if they are all."""
        limits = StatementLimits(seconds, most, min(MAX_BYTES, _TEXT_BYTES * most))
        source = quoted_table(table, self.namespaces)
        whole = exp.select(_node(column)).distinct().from_(source).limit(most + 1)
        first = exp.select(_node(column).as_("text", quoted=True)).from_(source.copy()).limit(_FIRST_ROWS)
        beginning = exp.select("*").distinct().from_(first.subquery("first_rows")).limit(most + 1)
        for query, is_whole in ((whole, True), (beginning, False)):
            try:
                result = self.run(query, limits)
            except SqlError:
                continue
            texts = [text for row in result.rows if isinstance(text := row[0], str)]
            if result.truncated:
                return texts, f"it has more texts than the {len(texts):,} that were read"
            return texts, "" if is_whole else f"there was time for its first {_FIRST_ROWS:,} rows only"
        return [], "it could not be read in time"

    def _is_kept(self, text: str, privacy: Privacy) -> bool:
        return 0 < len(text) <= self.limits.length and _is_unicode(text) and not privacy.hides(text)


def _public_samples(
    samples: dict[str, dict[str, list[str]]], privacy: Privacy
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The commonest short texts of each public column; of dates and numbers one shows how they look."""
    chosen = {}
    for table, columns in samples.items():
        for column, texts in columns.items():
            if (table, column) in privacy.columns:
                continue
            counts = Counter(text for text in texts if is_sample(text))
            common = [text for text, _ in counts.most_common(_LOOKED_AT) if not privacy.hides(text)]
            most = 1 if common and _UNASKED.match(common[0]) else _SAMPLES
            if common:
                chosen[table, column] = tuple(common[:most])
    return chosen


def is_sample(text: str) -> bool:
    """Whether a text is short enough to stand in a prompt, on one line."""
    return 0 < len(text) <= _SAMPLE_LETTERS and text.isprintable() and text == text.strip()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _node(column: Column) -> exp.Expr:
    node: exp.Expr = exp.column(exp.to_identifier(column.name, quoted=True))
    # A value of an enum may be no text for the driver, and blanks fill up a char(10).
    return exp.Cast(this=node, to=exp.DataType.build("text")) if needs_cast(column) else node


def _database_table(table: Table) -> DatabaseTable:
    return DatabaseTable(
        table.name,
        tuple(DatabaseColumn(column.name, column.type, column.type, False) for column in table.columns),
        table.primary_key,
        tuple(
            ForeignKeyConstraint(table.name, (key.column,), key.to_table, (key.to_column,))
            for key in table.foreign_keys
        ),
    )


def _sample_rows(table: Table, sample: dict[str, list[str]]) -> list[tuple[str | int | float | None, ...]]:
    """The sample as rows; NULL where a column has no text there."""
    count = max(map(len, sample.values()), default=0)
    columns = [
        [*texts, *[None] * (count - len(texts))] for texts in (sample.get(c.name, []) for c in table.columns)
    ]
    return list(zip(*columns, strict=True))
