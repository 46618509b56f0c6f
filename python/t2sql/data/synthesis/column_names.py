"""What a question calls the columns of its query, each the same throughout."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.data.synthesis.lexicon import column_words
from t2sql.data.synthesis.noun_trees import key_role
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile
from t2sql.data.synthesis.query import Aggregate
from t2sql.data.synthesis.scopes import Scope
from t2sql.data.synthesis.spelling import is_countable
from t2sql.data.templates import Templates
from t2sql.schema import join_phrases, pluralize

_SYNONYM = 0.22
"""The probability that a column is not called by its name."""

_WORDS: dict[str, tuple[str, ...]] = {
    "AVG": ("average",),
    "MIN": ("minimum", "lowest"),
    "MAX": ("maximum", "highest"),
    "SUM": ("total",),
}
_DAY_WORDS: dict[str, tuple[str, ...]] = {"MIN": ("earliest", "first"), "MAX": ("latest", "last")}
"""The words before the name of a column of which there are several aggregates; those of dates."""


class ColumnNames:
    """Names the columns of one query."""

    def __init__(self, rng: Rng, templates: Templates, scope: Scope) -> None:
        """Prepare to name columns.

        Args:
            rng: The source of random choices.
            templates: The wordings of aggregates.
            scope: The tables of the query.
        """
        self._rng = rng
        self._templates = templates
        self._scope = scope
        self._names: dict[ColumnProfile, str] = {}

    def name(self, column: ColumnProfile) -> str:
        """Return what the column is called, without its table."""
        if column not in self._names:
            self._names[column] = self._drawn(column)
        return self._names[column]

    def _drawn(self, column: ColumnProfile) -> str:
        table = next((t for t in self._scope.tables if t.name == column.table), None)
        if table is None:
            return column.phrase
        others = [other.phrase for other in table.columns if other != column]
        known = column.synonyms or column_words(column.phrase, column.role, table.is_person).say
        free = [
            word for word in known if word != column.phrase and not any(_overlap(word, p) for p in others)
        ]
        if free and self._rng.chance(_SYNONYM):
            return self._rng.choice(free)
        # "the name of the customers" for customer_name.
        short = column.phrase.removeprefix(f"{table.item} ")
        if short not in (column.phrase, "number") and short not in others and self._rng.chance(0.6):
            return short
        return column.phrase

    def owned(self, column: ColumnProfile) -> str:
        """Return what the column is called, with whose it is if it belongs to a joined table."""
        if column.table == self._scope.base.name:
            return self.name(column)
        at = next(i for i, table in enumerate(self._scope.tables) if table.name == column.table)
        table, key = self._scope.tables[at], self._scope.joins[at - 1]
        owner = (key_role(key, table) if key.to_table == table.name else "") or table.item
        name = self.name(column)
        if name.startswith(owner):
            return name
        return self._rng.choice((f"{owner} {name}", f"{name} of the {owner}", f"{owner}'s {name}"))

    def listed(self, columns: tuple[ColumnProfile, ...], *, plural: bool) -> str:
        """Join the names of columns as an object: "name and age", or their plurals."""
        names = [self.owned(column) for column in columns]
        if plural and not any("'" in name for name in names):
            names = [pluralize(name) for name in names]
        conjunction = "and" if self._rng.chance(0.9) else "and the"
        return join_phrases(names, conjunction) if names else ""

    def measured(self, aggregate: Aggregate) -> str:
        """Write what is aggregated, such as "average price" or "latest order date"."""
        assert aggregate.column is not None
        word, key = self.name(aggregate.column), aggregate.function
        if aggregate.column.role == "number" and is_countable(word) and key != "SUM":
            word = f"number of {word}"
        if aggregate.column.role in TEMPORAL_ROLES and key in ("MAX", "MIN"):
            key = "latest" if key == "MAX" else "earliest"
        choices = self._templates.groups["measures"].get(key, ["number of different {c}"])
        if key == "SUM" and word.startswith("total"):
            choices = ["sum of the {c}"]
        return self._rng.choice(choices).format(c=word)

    def several_measured(self, aggregates: tuple[Aggregate, ...]) -> str:
        """Write aggregates, those of one column as "average, minimum and maximum price"."""
        if len({aggregate.column for aggregate in aggregates}) == 1 and len(aggregates) > 1:
            column = aggregates[0].column
            assert column is not None
            words = _WORDS if column.role not in TEMPORAL_ROLES else _WORDS | _DAY_WORDS
            names = [self._rng.choice(words[aggregate.function]) for aggregate in aggregates]
            name = self.name(column)
            name = f"number of {name}" if column.role == "number" and is_countable(name) else name
            return f"{join_phrases(names)} {name}"
        return join_phrases([self.measured(aggregate) for aggregate in aggregates])


def _overlap(one: str, other: str) -> bool:
    """Tell whether one phrase occurs in the other as whole words: a question could not tell them apart."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
