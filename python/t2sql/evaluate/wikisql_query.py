"""WikiSQL's query: a column, an aggregate and conditions joined by AND, by index as its files hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from t2sql.errors import InputError
from t2sql.runs import records

AGGREGATES = ("", "MAX", "MIN", "COUNT", "SUM", "AVG")
"""`lib/query.py`'s `agg_ops`; a query names one by its index."""
OPERATORS = ("=", ">", "<", "OP")
"""`lib/query.py`'s `cond_ops`; "OP" occurs in no file and SQLite refuses it."""


class QueryError(InputError):
    """A query that the official script cannot run either: the prediction counts as wrong."""


@dataclass(frozen=True)
class Condition:
    """`column operator value`, by index.

    A predictions file may hold anything here and the script compares what it holds as Python values, so the
    types are as wide as that.

    Attributes:
        column: Index of the column; a prediction may hold another JSON scalar.
        operator: Index into `OPERATORS`; a prediction may hold another JSON scalar.
        value: What the column is compared with: text, a number, or whatever the file holds.
    """

    column: records.Json
    operator: records.Json
    value: records.Json

    @property
    def comparable(self) -> tuple[records.Json, records.Json, str]:
        """What the script compares of it: the value as lower-cased text, so 20 equals "20" but not 20.0."""
        return self.column, self.operator, str(self.value).lower()


@dataclass(frozen=True)
class Query:
    """A query as a WikiSQL file holds it under `sql` (gold) or `query` (prediction).

    Attributes:
        column: Index of the selected column (`sel`).
        aggregate: Index into `AGGREGATES` (`agg`).
        conditions: All of which a row has to meet (`conds`).
    """

    column: records.Json
    aggregate: records.Json
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_json(cls, document: records.Json) -> Query:
        """Read a query from a line of a file.

        Raises:
            QueryError: It is no JSON object with `sel`, `agg` and `conds`, or a condition is no list of a
                column, an operator and a value.
        """
        if not isinstance(document, dict) or not {"sel", "agg", "conds"} <= document.keys():
            raise QueryError("not a WikiSQL query", expected="sel, agg and conds", found=document)
        conditions = document["conds"]
        if not isinstance(conditions, Iterable):
            raise QueryError("conditions are not a list", found=conditions)
        return cls(
            _scalar(document["sel"]), _scalar(document["agg"]), tuple(_condition(part) for part in conditions)
        )

    def to_json(self) -> records.JsonObject:
        """The query as a predictions file of the official script holds it."""
        conditions: list[records.Json] = [
            [part.column, part.operator, part.value] for part in self.conditions
        ]
        return {"sel": self.column, "agg": self.aggregate, "conds": conditions}


def same_logical_form(gold: Query, query: Query, *, ordered: bool = False) -> bool:
    """Whether two queries are equal as the script's `Query.__eq__` has it.

    Args:
        gold: The question's own query.
        query: A predicted one.
        ordered: Whether conditions have to come in the same order, and as often (the script's `--ordered`);
            by default they are compared as sets.
    """
    if query.column != gold.column or query.aggregate != gold.aggregate:
        return False
    expected = [condition.comparable for condition in gold.conditions]
    predicted = [condition.comparable for condition in query.conditions]
    return predicted == expected if ordered else set(predicted) == set(expected)


def _condition(part: records.Json) -> Condition:
    if not isinstance(part, list) or len(part) != 3:
        raise QueryError("not a condition", expected="a column, an operator and a value", found=part)
    return Condition(_scalar(part[0]), _scalar(part[1]), part[2])


def _scalar(value: records.Json) -> records.Json:
    if isinstance(value, (list, dict)):
        raise QueryError("not an index", found=value)
    return value
