"""Conditions as clauses, "the age is over 30 and the city is Paris", and those that OR connects."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.data.synthesis.column_names import ColumnNames
from t2sql.data.synthesis.condition_phrases import ConditionPhrases
from t2sql.data.synthesis.conditions import Comparison, Condition, NoRelatedRows, Where
from t2sql.data.synthesis.noun_phrases import NounPhrases
from t2sql.data.synthesis.noun_trees import Node
from t2sql.data.synthesis.profiles import TableProfile


class ConditionClauses:
    """Writes the conditions of a WHERE clause one by one."""

    def __init__(
        self, rng: Rng, nouns: NounPhrases, conditions: ConditionPhrases, names: ColumnNames
    ) -> None:
        """Prepare to write.

        Args:
            rng: The source of random choices.
            nouns: Writes predicates.
            conditions: Writes comparisons.
            names: Names columns.
        """
        self._rng = rng
        self._nouns = nouns
        self._conditions = conditions
        self._names = names

    def clauses(self, where: Where, base: TableProfile) -> str:
        """Write conditions as main clauses."""
        texts = [self._clause(condition, base) for condition in where.conditions]
        if where.connective == "AND (OR)":
            return f"{texts[0]} and either {' or '.join(texts[1:])}"
        if where.connective == "(OR) AND":
            return f"either {' or '.join(texts[:-1])}, and in both cases {texts[-1]}"
        return f" {where.connective.lower()} ".join(texts)

    def relative(self, where: Where, base: TableProfile, *, one: bool = False) -> str:
        """Write conditions that OR connects as a relative clause."""
        predicate = self.predicate(where, base, one=one)
        if predicate is not None:
            return f"{'who' if base.is_person else 'that'} {predicate}"
        return f"{self._rng.choice(('where', 'for which', 'such that'))} {self.clauses(where, base)}"

    def predicate(self, where: Where, base: TableProfile, *, one: bool = False) -> str | None:
        """Write conditions that OR connects as a predicate; None if it cannot be."""
        if where.connective not in ("AND", "OR"):
            return None
        predicates = [self._predicate(condition, base, one) for condition in where.conditions]
        texts = [predicate for predicate in predicates if predicate is not None]
        if len(texts) < len(predicates):
            return None
        either = "either " if self._rng.chance(0.3) and where.connective == "OR" else ""
        return either + f" {where.connective.lower()} ".join(texts)

    def _predicate(self, condition: Condition, base: TableProfile, one: bool) -> str | None:
        if isinstance(condition, NoRelatedRows) or condition.column.table != base.name:
            return None
        return self._nouns.predicate(Node(base, [condition]), one=one)

    def _clause(self, condition: Condition, base: TableProfile) -> str:
        assert not isinstance(condition, NoRelatedRows)
        text = self._conditions.whose(condition)
        name = self._names.name(condition.column)
        if isinstance(condition, Comparison) and condition.column.table != base.name:
            text = self._names.owned(condition.column) + text.removeprefix(name)
        return f"the {text}"
