"""Spider's exact set match: the same clauses, whatever their values and their order.

The behaviour is that of `evaluation.py` in github.com/taoyds/test-suite-sql-eval. What one would not expect:

- Values, ON conditions and the number after LIMIT do not count; of AND and OR counts which are there.
- Columns that a foreign key connects are the same column, where their table stands in FROM.
- GROUP BY and ORDER BY compare as lists, what is selected and the conditions after WHERE as bags. HAVING
  without GROUP BY counts only as a word.
- A subquery in a condition keeps its DISTINCT, its order and its own columns; one in FROM its values too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from t2sql.evaluate.benchmarks.spider_query import (
    ColumnUnit,
    Condition,
    Conditions,
    Query,
    Value,
    ValueUnit,
    comparisons,
    connectives,
)


def representatives(keys: Sequence[tuple[str, str]], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The column that stands for each column of a foreign key.

    Keys are put together in their order: one that connects two groups joins the first, as in the script.

    Args:
        keys: `table.column` of both ends of each foreign key, in the order of the data set's file.
        columns: The columns of each table, in the order of the file; all names in lower case.
    """
    groups: list[set[str]] = []
    for key in keys:
        group = next((group for group in groups if group & set(key)), None)
        if group is None:
            group = set()
            groups.append(group)
        group |= set(key)
    order = [f"{table}.{column}" for table, names in columns.items() for column in names]
    rank = {name: at for at, name in enumerate(order)}
    found: dict[str, str] = {}
    for group in groups:
        first = min(group, key=lambda name: rank.get(name, len(rank)))
        found.update(dict.fromkeys(group, first))
    return found


def exact_set_match(
    answer: Query, gold: Query, columns: Mapping[str, Sequence[str]], stands_for: Mapping[str, str]
) -> bool:
    """Tell whether an answer is the gold statement.

    Args:
        answer: The answer as parsed.
        gold: The gold statement as parsed.
        columns: The columns of each table, in lower case.
        stands_for: What `representatives` returned.
    """
    return _same(_normalized(answer, columns, stands_for), _normalized(gold, columns, stands_for))


def _same(answer: Query, gold: Query) -> bool:
    return (
        _same_bag(answer.select, gold.select)
        and _same_bag(comparisons(answer.where), comparisons(gold.where))
        and set(connectives(answer.where)) == set(connectives(gold.where))
        and _same_groups(answer, gold)
        and answer.order == gold.order
        and (gold.order is None or answer.limit == gold.limit)
        and _keywords(answer) == _keywords(gold)
        and _same_nested(answer.intersect, gold.intersect)
        and _same_nested(answer.except_, gold.except_)
        and _same_nested(answer.union, gold.union)
        and _same_bag(answer.tables, gold.tables)
    )


def _same_nested(answer: Query | None, gold: Query | None) -> bool:
    if answer is None or gold is None:
        return answer is gold
    return _same(answer, gold)


def _same_groups(answer: Query, gold: Query) -> bool:
    if [unit.column for unit in answer.group] != [unit.column for unit in gold.group]:
        return False
    return not gold.group or answer.having == gold.having


def _keywords(query: Query) -> set[str]:
    present = {
        "where": query.where,
        "group": query.group,
        "having": query.having,
        "limit": query.limit,
        "except": query.except_,
        "union": query.union,
        "intersect": query.intersect,
        "or": "or" in query.connectives,
        "not": any(condition.negated for condition in query.comparisons),
    }
    words = {word for word, part in present.items() if part}
    words |= {part.operator for part in query.comparisons if part.operator in ("in", "like")}
    return words | (set() if query.order is None else {"order", query.order.direction})


def _same_bag(first: Sequence[Hashable], second: Sequence[Hashable]) -> bool:
    return len(first) == len(second) and Counter(first) == Counter(second)


def _normalized(query: Query, columns: Mapping[str, Sequence[str]], stands_for: Mapping[str, str]) -> Query:
    tables = {table for table in query.tables if isinstance(table, str)}
    own = {f"{table}.{column}" for table in tables for column in columns[table]}
    return _Connected({name: stands_for[name] for name in own & stands_for.keys()}).query(
        _without_values(query)
    )


def _without_values(query: Query) -> Query:
    return replace(
        query,
        joins=_conditions_without_values(query.joins),
        where=_conditions_without_values(query.where),
        having=_conditions_without_values(query.having),
        intersect=None if query.intersect is None else _without_values(query.intersect),
        except_=None if query.except_ is None else _without_values(query.except_),
        union=None if query.union is None else _without_values(query.union),
    )


def _conditions_without_values(conditions: Conditions) -> Conditions:
    return tuple(
        part
        if isinstance(part, str)
        else replace(part, value=_subquery(part.value), upper=_subquery(part.upper))
        for part in conditions
    )


def _subquery(value: Value) -> Query | None:
    return _without_values(value) if isinstance(value, Query) else None


@dataclass(frozen=True)
class _Connected:
    """Replaces columns by those that stand for them, and forgets DISTINCT; not in subqueries of conditions.

    Attributes:
        stands_for: The column for each column of the outermost query's tables that has one.
    """

    stands_for: Mapping[str, str]

    def query(self, query: Query) -> Query:
        order = query.order
        return replace(
            query,
            distinct=None,
            select=tuple((aggregate, self._unit(unit)) for aggregate, unit in query.select),
            joins=self._conditions(query.joins),
            where=self._conditions(query.where),
            group=tuple(self._column(unit) for unit in query.group),
            having=self._conditions(query.having),
            order=None if order is None else replace(order, units=tuple(map(self._unit, order.units))),
            intersect=None if query.intersect is None else self.query(query.intersect),
            except_=None if query.except_ is None else self.query(query.except_),
            union=None if query.union is None else self.query(query.union),
        )

    def _conditions(self, conditions: Conditions) -> Conditions:
        return tuple(
            replace(part, unit=self._unit(part.unit)) if isinstance(part, Condition) else part
            for part in conditions
        )

    def _unit(self, unit: ValueUnit) -> ValueUnit:
        second = None if unit.second is None else self._column(unit.second)
        return replace(unit, first=self._column(unit.first), second=second)

    def _column(self, unit: ColumnUnit) -> ColumnUnit:
        return replace(unit, column=self.stands_for.get(unit.column, unit.column), distinct=None)
