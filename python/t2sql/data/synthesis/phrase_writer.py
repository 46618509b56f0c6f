"""The phrases of a question: what a column is called among the tables, and conditions in words."""

from __future__ import annotations

import re

from t2sql.data.rng import Rng
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile
from t2sql.data.synthesis.query import AverageComparison, Comparison, Condition, RelatedRows, Scope, Where
from t2sql.data.synthesis.values import Value
from t2sql.data.templates import Templates
from t2sql.schema import join_phrases, name_phrase, split_name

_PLAIN_TEXT = re.compile(r"[^\W_][^,;:'\"?!()]*\Z")
_AMBIGUOUS_WORDS = re.compile(r"(^| )(and|or|is|the|of|with|not|in|to|for|whose|where)( |$)", re.IGNORECASE)
_STATES = {
    "is": ("that are", "is"),
    "are": ("that are", "is"),
    "was": ("that were", "was"),
    "has": ("that have", "has"),
}


class PhraseWriter:
    """Writes the columns and conditions of one query, with the same phrase for a column throughout."""

    def __init__(self, rng: Rng, templates: Templates, scope: Scope) -> None:
        """Prepare to write phrases.

        Args:
            rng: The source of random choices.
            templates: The wordings of conditions.
            scope: The tables of the query.
        """
        self._rng = rng
        self._templates = templates
        self._scope = scope
        self._owners = {table.name: self._owner(index) for index, table in enumerate(scope.tables)}
        self._with_of = rng.chance(0.5)

    def _owner(self, index: int) -> str:
        """Return what a joined row is to the first one: "manager" for a key manager_id, else its item."""
        if index == 0:
            return ""
        key, table = self._scope.joins[index - 1], self._scope.tables[index]
        words = split_name(key.columns[0])
        by_key = len(words) > 1 and words[-1].lower() == "id"
        owner = name_phrase(" ".join(words[:-1])) if by_key else table.item
        chained = key.table != self._scope.base.name
        return f"{self._owner(1)}'s {owner}" if chained and index == 2 else owner

    def name(self, column: ColumnProfile) -> str:
        """Return the column's phrase; one of a joined table says whose it is."""
        owner = self._owners.get(column.table, "")
        words = column.phrase.split(" ")
        if column.role == "flag" and len(words) > 1 and words[0] in _STATES:
            return f"{owner} {' '.join(words[1:])} flag".strip()
        if not owner or column.phrase.startswith(owner):
            return column.phrase
        if self._with_of and "'s" not in owner:
            return f"{column.phrase} of the {owner}"
        return f"{owner}'s {column.phrase}"

    def owner(self, column: ColumnProfile) -> str | None:
        """Return what a joined row is called, if `column` is its label; else None."""
        table = self._scope.table_of(column)
        return self._owners[table.name] if self._owners[table.name] and column == table.label else None

    def relative(self, where: Where) -> str:
        """Write conditions after a noun: "whose city is Paris", "with price over 5", "without orders"."""
        if not where.conditions:
            return ""
        if where.connective not in ("AND", "OR"):
            return f"{self._rng.choice(('where', 'for which', 'such that'))} {self.clauses(where)}"
        texts = [self._relative(condition) for condition in where.conditions]
        return self._joined(texts, where.connective.lower())

    def clauses(self, where: Where) -> str:
        """Write conditions as clauses: "the city is Paris and the price is over 5"."""
        texts = [self._clause(condition) for condition in where.conditions]
        if where.connective == "AND (OR)":
            return f"{texts[0]} and either {' or '.join(texts[1:])}"
        if where.connective == "(OR) AND":
            return f"either {' or '.join(texts[:-1])}, and in both cases {texts[-1]}"
        return self._joined(texts, where.connective.lower())

    def _joined(self, texts: list[str], conjunction: str) -> str:
        if len(texts) == 1:
            return texts[0]
        lead = (
            "either "
            if conjunction == "or" and self._rng.chance(0.25) and texts[0].startswith("the ")
            else ""
        )
        return lead + f" {conjunction} ".join(texts)

    def _relative(self, condition: Condition) -> str:
        if isinstance(condition, RelatedRows):
            return self._having(condition, "that have", self._rng.choice(("that have no", "without any")))
        if isinstance(condition, Comparison):
            state = self._state(condition)
            if state is not None:
                return f"{state[0]} {state[2]}"
            short = self._templates.groups["short"].get(self._key(condition))
            if short and condition.column.role not in TEMPORAL_ROLES and self._rng.chance(0.35):
                return (
                    f"with {self.name(condition.column)} {self._filled(self._rng.choice(short), condition)}"
                )
        return f"whose {self.name(condition.column)} {self._predicate(condition)}"

    def _clause(self, condition: Condition) -> str:
        item = f"the {self._scope.base.item}"
        if isinstance(condition, RelatedRows):
            return self._having(condition, f"{item} has", f"{item} has no")
        state = self._state(condition) if isinstance(condition, Comparison) else None
        if state is not None:
            return f"{item} {state[1]} {state[2]}"
        return f"the {self.name(condition.column)} {self._predicate(condition)}"

    def _having(self, condition: RelatedRows, some: str, none: str) -> str:
        role = split_name(condition.key.columns[0])
        # With two keys from one table, the phrase has to say which of them is meant.
        twice = sum(key.to_table == condition.key.to_table for key in condition.child.foreign_keys) > 1
        called = f" as {name_phrase(' '.join(role[:-1]))}" if twice and role[-1].lower() == "id" else ""
        if condition.negated:
            return f"{none} {condition.child.items}{called}"
        inner = PhraseWriter(self._rng, self._templates, Scope((condition.child,)))
        one = self._rng.choice(("at least one", "one or more", "some"))
        noun = condition.child.item if one == "at least one" else condition.child.items
        clause = inner.relative(Where((condition.comparison,))) if condition.comparison else ""
        return f"{some} {one} {noun}{called} {clause}".strip()

    def _state(self, condition: Comparison) -> tuple[str, str, str] | None:
        """Word a flag called "is active" as ("that are", "is", "active"), perhaps with "not"."""
        words = condition.column.phrase.split(" ")
        if (
            condition.column.role != "flag"
            or len(words) < 2
            or words[0] not in _STATES
            or self._owners[condition.column.table]
        ):
            return None
        holds = (condition.values[0] == 1) == (condition.op == "=")
        plural, one = _STATES[words[0]]
        no = "no " if words[0] == "has" else "not "
        return plural, one, ("" if holds else no) + " ".join(words[1:])

    def _predicate(self, condition: Comparison | AverageComparison) -> str:
        groups = self._templates.groups
        if isinstance(condition, AverageComparison):
            return self._rng.choice(groups["predicates"]["above" if condition.op == ">" else "below"])
        key = self._key(condition)
        timed = condition.column.role in TEMPORAL_ROLES and key in groups["dates"]
        choices = groups["dates" if timed else "predicates"][key]
        return self._filled(self._rng.choice(choices), condition)

    def _key(self, condition: Comparison) -> str:
        if condition.op != "LIKE":
            return condition.op
        pattern = str(condition.values[0])
        if pattern.startswith("%"):
            return "in" if pattern.endswith("%") else "end"
        return "start"

    def _filled(self, text: str, condition: Comparison) -> str:
        marks = "" if not self._rng.chance(0.08) else self._rng.choice(("'", '"'))
        values = [self._spelled(condition, value, marks) for value in condition.values]
        slots = {"v": values[0] if values else "", "w": values[1] if len(values) > 1 else ""}
        return text.format(**slots, vs=join_phrases(values, "or") if values else "")

    def _spelled(self, condition: Comparison, value: Value, marks: str) -> str:
        """Spell a value for the question: in quotes where it could be taken for other words."""
        if not isinstance(value, str):
            return str(value)
        if condition.op == "LIKE":
            value = value.strip("%")
            if condition.column.role in TEMPORAL_ROLES:
                return value.rstrip("-")
        is_clear = _PLAIN_TEXT.match(value) and not _AMBIGUOUS_WORDS.search(value)
        if is_clear and not marks:
            return value
        marks = marks if marks and marks not in value else "'" if '"' in value else '"'
        return f"{marks}{value}{marks}"
