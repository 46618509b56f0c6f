"""How hard a gold statement is, by Spider's four levels.

As `evaluation.py` of github.com/taoyds/spider counts: clauses, joins, OR and LIKE; then subqueries and set
operations; then whether there is more than one aggregate, column, condition or group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from t2sql.evaluate.benchmarks.spider_query import ColumnUnit, Query, comparisons, connectives

Hardness: TypeAlias = Literal["easy", "medium", "hard", "extra"]
LEVELS: tuple[Hardness, ...] = get_args(Hardness)


def hardness(query: Query) -> Hardness:
    """The level of a statement."""
    clauses, nested, several = _clauses(query), len(_nested(query)), _several(query)
    if nested == 0:
        if clauses <= 1 and several == 0:
            return "easy"
        if (clauses <= 1 and several <= 2) or (clauses <= 2 and several < 2):
            return "medium"
        if (clauses <= 2 and several > 2) or (clauses == 3 and several <= 2):
            return "hard"
    elif nested == 1 and clauses <= 1 and several == 0:
        return "hard"
    return "extra"


def _clauses(query: Query) -> int:
    present = [query.where, query.group, query.order is not None, query.limit]
    joins = max(0, len(query.tables) - 1)
    likes = sum(condition.operator == "like" for condition in query.comparisons)
    return sum(map(bool, present)) + joins + query.connectives.count("or") + likes


def _nested(query: Query) -> list[Query]:
    """Subqueries in conditions, and the other sides of set operations; not those in FROM."""
    values = [value for part in query.comparisons for value in (part.value, part.upper)]
    return [
        part for part in (*values, query.intersect, query.except_, query.union) if isinstance(part, Query)
    ]


def _several(query: Query) -> int:
    units = [] if query.order is None else query.order.units
    aggregates = sum(aggregate != "none" for aggregate, _ in query.select)
    aggregates += _with_aggregate(query.group)
    aggregates += _with_aggregate(unit.first for unit in units)
    aggregates += _with_aggregate(unit.second for unit in units if unit.second is not None)
    # The script takes NOT in conditions, and AND and OR after HAVING, for aggregates.
    aggregates += sum(condition.negated for condition in comparisons(query.where))
    aggregates += sum(condition.negated for condition in comparisons(query.having))
    aggregates += len(connectives(query.having))
    numbers = (aggregates, len(query.select), len(query.where), len(query.group))
    return sum(number > 1 for number in numbers)


def _with_aggregate(units: Iterable[ColumnUnit]) -> int:
    return sum(unit.aggregate != "none" for unit in units)
