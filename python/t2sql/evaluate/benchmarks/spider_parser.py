"""Spider's parser, with what it accepts and what it passes over.

The behaviour is that of `process_sql.py` in github.com/taoyds/test-suite-sql-eval: only tables have aliases,
and with AS; an alias holds in the whole statement; there is no IS NULL, EXISTS, CASE or function but the five
aggregates; of an expression on the right of a comparison only the first column is read, and nothing of what
follows the last clause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t2sql.evaluate.benchmarks.spider_query import (
    ALL_COLUMNS,
    ColumnUnit,
    Condition,
    Conditions,
    Order,
    Query,
    UnreadableError,
    Value,
    ValueUnit,
)
from t2sql.evaluate.benchmarks.spider_tokens import TokenCursor, spider_tokens

_CLAUSES = ("select", "from", "where", "group", "order", "limit", "intersect", "union", "except")
_JOINING = ("join", "on", "as")
_ENDS = (")", ";")
_COMPARISONS = ("not", "between", "=", ">", "<", ">=", "<=", "!=", "in", "like", "is", "exists")
_ARITHMETIC = ("none", "-", "+", "*", "/")
_AGGREGATES = ("none", "max", "min", "count", "sum", "avg")
_VALUE_ENDS = (",", ")", "and", *_CLAUSES, *_JOINING)


def parse(sql: str, columns: Mapping[str, Sequence[str]]) -> Query:
    """Parse a statement.

    Args:
        sql: The statement.
        columns: The columns of each table of the database; all names in lower case.

    Raises:
        UnreadableError: The script could not parse it either.
    """
    tokens = spider_tokens(sql)
    # Subqueries share one table of aliases: the last one of a name holds everywhere.
    aliases = {
        tokens[at + 1]: tokens[at - 1] for at, token in enumerate(tokens[:-1]) if token == "as" and at > 0
    }
    if tokens and tokens[-1] == "as":
        raise UnreadableError("no alias after AS")
    if clash := aliases.keys() & columns.keys():
        raise UnreadableError(f"the alias {min(clash)} is a table's name")
    try:
        return _Parser(tokens, {**aliases, **{name: name for name in columns}}, columns).query()
    except RecursionError:
        raise UnreadableError("too deep") from None


class _Parser(TokenCursor):
    """Reads clauses from a position in the tokens."""

    def __init__(
        self, tokens: Sequence[str], tables: Mapping[str, str], columns: Mapping[str, Sequence[str]]
    ) -> None:
        super().__init__(tokens)
        self._tables = tables
        self._columns = columns

    def query(self) -> Query:
        start = self.at
        is_block = self.skip("(")
        select_at = self.at
        # FROM comes first: it says whose columns the names are.
        if "from" not in self.tokens[start:]:
            raise UnreadableError("no FROM")
        self.at = self.tokens.index("from", start) + 1
        tables, joins, names = self._from()
        from_end, self.at = self.at, select_at
        distinct, select = self._select(names)
        self.at = from_end
        where = self._conditions(names) if self.skip("where") else ()
        group = self._group(names)
        having = self._conditions(names) if self.skip("having") else ()
        order = self._order(names)
        limit = self._limit()
        self._skip_semicolons()
        if is_block:
            self.expect(")")
        self._skip_semicolons()
        others: dict[str, Query] = {}
        if self.is_at(("intersect", "union", "except")):
            operator = self.token
            self.at += 1
            others[operator] = self.query()
        return Query(
            distinct,
            select,
            tables,
            joins,
            where,
            group,
            having,
            order,
            limit,
            others.get("intersect"),
            others.get("except"),
            others.get("union"),
        )

    def _skip_semicolons(self) -> None:
        while self.skip(";"):
            pass

    def _from(self) -> tuple[tuple[str | Query, ...], Conditions, list[str]]:
        tables: list[str | Query] = []
        joins: list[Condition | str] = []
        names: list[str] = []
        while not self.is_at_end:
            is_block = self.skip("(")
            if self.token == "select":
                tables.append(self.query())
            else:
                self.skip("join")
                name = self._table()
                tables.append(name)
                names.append(name)
            if self.skip("on"):
                conditions = self._conditions(names)
                joins += ["and", *conditions] if joins else conditions
            if is_block:
                self.expect(")")
            if self.is_at((*_CLAUSES, *_ENDS)):
                break
        return tuple(tables), tuple(joins), names

    def _table(self) -> str:
        name = self._tables.get(self.token, "")
        if name not in self._columns:
            raise UnreadableError(f"{self.token} is no table")
        self.at += 1
        if self.is_at(("as",)):
            self.at += 2
        return name

    def _select(self, names: Sequence[str]) -> tuple[bool, tuple[tuple[str, ValueUnit], ...]]:
        self.expect("select")
        distinct = self.skip("distinct")
        units = []
        while not self.is_at_end and self.token not in _CLAUSES:
            aggregate = "none"
            if self.token in _AGGREGATES:
                aggregate = self.token
                self.at += 1
            units.append((aggregate, self._value_unit(names)))
            self.skip(",")
        return distinct, tuple(units)

    def _group(self, names: Sequence[str]) -> tuple[ColumnUnit, ...]:
        units: list[ColumnUnit] = []
        if self.skip("group"):
            self.expect("by")
            while not self.is_at_end and not self.is_at((*_CLAUSES, *_ENDS)):
                units.append(self._column_unit(names))
                if not self.skip(","):
                    break
        return tuple(units)

    def _order(self, names: Sequence[str]) -> Order | None:
        if not self.skip("order"):
            return None
        self.expect("by")
        direction, units = "asc", []
        while not self.is_at_end and not self.is_at((*_CLAUSES, *_ENDS)):
            units.append(self._value_unit(names))
            if self.is_at(("asc", "desc")):
                direction = self.token
                self.at += 1
            if not self.skip(","):
                break
        return Order(direction, tuple(units))

    def _limit(self) -> bool:
        if not self.skip("limit"):
            return False
        _ = self.token  # Something has to follow, whatever it is.
        self.at += 1
        return True

    def _conditions(self, names: Sequence[str]) -> Conditions:
        parts: list[Condition | str] = []
        while not self.is_at_end:
            unit = self._value_unit(names)
            negated = self.token == "not"
            if negated:
                self.at += 1
            operator = self.token
            if operator not in _COMPARISONS:
                raise UnreadableError(f"{operator} is no operator")
            self.at += 1
            value, upper = self._value(names), None
            if operator == "between":
                self.expect("and")
                upper = self._value(names)
            parts.append(Condition(negated, operator, unit, value, upper))
            if self.is_at((*_CLAUSES, *_ENDS, *_JOINING)):
                break
            if self.is_at(("and", "or")):
                parts.append(self.token)
                self.at += 1
            elif not self.is_at_end:
                raise UnreadableError(f"{self.token} after a condition")
        return tuple(parts)

    def _value(self, names: Sequence[str]) -> Value:
        start = self.at
        is_block = self.skip("(")
        value: Value
        if self.token == "select":
            value = self.query()
        elif '"' in self.token:
            value = self.token
            self.at += 1
        else:
            value = self._number_or_column(start, names)
        if is_block:
            self.expect(")")
        return value

    def _number_or_column(self, start: int, names: Sequence[str]) -> Value:
        try:
            number = float(self.token)
        except ValueError:
            end = self.at
            while end < len(self.tokens) and self.tokens[end] not in _VALUE_ENDS:
                end += 1
            # Of a longer expression only the first column is read, an OR after it included.
            column = _Parser(self.tokens[start:end], self._tables, self._columns)._column_unit(names)
            self.at = end
            return column
        self.at += 1
        return number

    def _value_unit(self, names: Sequence[str]) -> ValueUnit:
        is_block = self.skip("(")
        first = self._column_unit(names)
        operator, second = "none", None
        if self.is_at(_ARITHMETIC):
            operator = self.token
            self.at += 1
            second = self._column_unit(names)
        if is_block:
            self.expect(")")
        return ValueUnit(operator, first, second)

    def _column_unit(self, names: Sequence[str]) -> ColumnUnit:
        is_block = self.skip("(")
        if self.token in _AGGREGATES:
            aggregate = self.token
            self.at += 1
            self.expect("(")
            distinct = self.skip("distinct")
            unit = ColumnUnit(aggregate, self._column(names), distinct)
            self.expect(")")
            # The script leaves the block's own parenthesis to whoever opened one before.
            return unit
        distinct = self.skip("distinct")
        unit = ColumnUnit("none", self._column(names), distinct)
        if is_block:
            self.expect(")")
        return unit

    def _column(self, names: Sequence[str]) -> str:
        token = self.token
        self.at += 1
        if token == ALL_COLUMNS:
            return ALL_COLUMNS
        if "." in token:
            alias, _, column = token.partition(".")
            table = self._tables.get(alias, "")
            if column in self._columns.get(table, ()):
                return f"{table}.{column}"
        else:
            for table in names:
                if token in self._columns[table]:
                    return f"{table}.{token}"
        raise UnreadableError(f"{token} is no column")
