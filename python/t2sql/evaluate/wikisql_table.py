"""Running WikiSQL's queries on its databases, as the official script's `lib/dbengine.py` does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from t2sql.errors import InputError
from t2sql.evaluate.wikisql_query import AGGREGATES, OPERATORS, Query, QueryError
from t2sql.runs import records
from t2sql.sql import Reader

_COLUMNS = re.compile(r"\((.+)\)")
_NUMBER = re.compile(r"[-+]?\d*\.\d+|\d+")

_MAX_ROWS = 1_000_000
"""The script reads every row of a result; WikiSQL's largest table has fewer rows than this."""


@dataclass(frozen=True)
class WikiSqlTable:
    """A table of a WikiSQL database.

    Attributes:
        name: Its name in the database: `table_`, then the id with its dashes as underscores.
        types: Declared type by column, `col0` and so on.
    """

    name: str
    types: Mapping[str, str]

    @classmethod
    def read(cls, reader: Reader, table_id: str, *, where: object = None) -> WikiSqlTable:
        """Read a table's columns from the database.

        Args:
            reader: WikiSQL's database of the split.
            table_id: The question's `table_id`, such as 1-10015132-11.
            where: What an error names as its place: the question's file and line.

        Raises:
            InputError: The database has no such table, or the table is not made as WikiSQL makes them.
        """
        name = table_id if table_id.startswith("table") else f"table_{table_id.replace('-', '_')}"
        made = reader.execute("SELECT sql FROM sqlite_master WHERE tbl_name = :name", {"name": name}).rows
        if not made:
            raise InputError("the database lacks the question's table", where=where, expected=name)
        listed = _COLUMNS.search(str(made[0][0]))
        parts = [part.split() for part in listed.group(1).split(", ")] if listed else []
        if not parts or any(len(part) != 2 for part in parts):
            raise InputError("not a table as WikiSQL's databases have them", where=where, found=made[0][0])
        return cls(name, {column: type_name for column, type_name in parts})

    def run(self, reader: Reader, query: Query) -> list[object]:
        """The selected column of a query's result, as the script's `DBEngine.execute_query` returns it.

        Raises:
            QueryError: The query names what the table or WikiSQL lacks, or gives a value that its column
                cannot be compared with.
            SqlError: SQLite refuses the statement.
            InputError: The database cannot be read, for example because another process has locked it.
        """
        selected = f"col{query.column}"
        if aggregate := _entry(AGGREGATES, query.aggregate):
            selected = f"{aggregate}({selected})"
        conditions: list[str] = []
        values: dict[str, records.Json] = {}
        for condition in query.conditions:
            column = f"col{condition.column}"
            operator = _entry(OPERATORS, condition.operator)
            if column not in self.types:
                raise QueryError("no such column", where=self.name, found=column)
            conditions.append(f"{column} {operator} :{column}")
            # One value for each column: of two conditions on one column, both get the last value.
            values[column] = bound_value(condition.value, self.types[column])
        clause = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        statement = f"SELECT {selected} AS result FROM {self.name} {clause}"
        return [row[0] for row in reader.execute(statement, values, max_rows=_MAX_ROWS).rows]


def bound_value(value: records.Json, column_type: str) -> records.Json:
    """The value that the script binds for a condition.

    Text is lower-cased, as the official databases hold it. For a `real` column, text becomes the number that
    it is without its commas, otherwise the first number in it.

    Args:
        value: The condition's value as the file has it.
        column_type: The column's declared type, `text` or `real`.

    Raises:
        QueryError: The column holds numbers, and the value is neither a number nor text with one in it.
    """
    if isinstance(value, str):
        value = value.lower()
    if column_type != "real" or isinstance(value, (int, float)):
        return value
    if not isinstance(value, str):
        raise QueryError("neither a number nor text", found=value)
    try:
        return float(Decimal(value.replace(",", "")))
    except InvalidOperation:
        number = _NUMBER.search(value)
    except ValueError:
        # A signalling NaN ("snan") has no float.
        number = None
    if number is None:
        raise QueryError("no number in the value for a column of numbers", found=value)
    return float(number.group())


def _entry(names: tuple[str, ...], index: records.Json) -> str:
    """`names[index]` with Python's meaning of a negative index, as in the script."""
    if not isinstance(index, int) or not -len(names) <= index < len(names):
        raise QueryError("no such index", expected=f"below {len(names)}", found=index)
    return names[index]
