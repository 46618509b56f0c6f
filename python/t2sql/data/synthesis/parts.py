"""The parts of a question: what a column is called among the tables, and conditions in words."""

from __future__ import annotations

import re
from typing import Any

from t2sql.data.rng import Rng
from t2sql.data.synthesis.fields import TIMED, Field
from t2sql.data.synthesis.queries import Average, Having, Part, Scope, Test, Where
from t2sql.data.synthesis.sampling import Value
from t2sql.schema import join_phrases, name_phrase, split_name

_QUIET_TEXT = re.compile(r"[^\W_][^,;:'\"?!()]*\Z")
_CONFUSING = re.compile(r"(^| )(and|or|is|the|of|with|not|in|to|for|whose|where)( |$)", re.IGNORECASE)
_STATES = {
    "is": ("that are", "is"),
    "are": ("that are", "is"),
    "was": ("that were", "was"),
    "has": ("that have", "has"),
}


class Parts:
    """Words for the columns and conditions of one query, the same name for a column throughout."""

    def __init__(self, rng: Rng, words: dict[str, Any], scope: Scope) -> None:
        self.rng = rng
        self.words = words
        self.scope = scope
        self._owners = {item.name: self._owner(at) for at, item in enumerate(scope.items)}
        self._of = self.rng.chance(0.5)

    def _owner(self, at: int) -> str:
        """What a joined row is to the first one: its key's name, "manager" of manager_id, or its table's."""
        if at == 0:
            return ""
        edge, item = self.scope.edges[at - 1], self.scope.items[at]
        words = split_name(edge.columns[0])
        owner = (
            name_phrase(" ".join(words[:-1])) if len(words) > 1 and words[-1].lower() == "id" else item.item
        )
        before = edge.table if edge.table != self.scope.base.name else ""
        return f"{self._owner(1)}'s {owner}" if before and at == 2 else owner

    def name(self, field: Field) -> str:
        """The column in words; one of a joined table with whose it is."""
        owner = self._owners.get(field.table, "")
        words = field.phrase.split(" ")
        if field.role == "flag" and len(words) > 1 and words[0] in _STATES:
            return f"{owner} {' '.join(words[1:])} flag".strip()
        if not owner or field.phrase.startswith(owner):
            return field.phrase
        if self._of and "'s" not in owner:
            return f"{field.phrase} of the {owner}"
        return f"{owner}'s {field.phrase}"

    def owner(self, field: Field) -> str | None:
        """What a joined row is called, if `field` is what it is known by."""
        item = self.scope.item_of(field)
        return self._owners[item.name] if self._owners[item.name] and field == item.label else None

    def relative(self, where: Where) -> str:
        """Conditions after a noun: "whose city is Paris", "with price over 5", "that have no orders"."""
        if not where.parts:
            return ""
        if where.joint not in ("AND", "OR"):
            return f"{self.rng.choice(('where', 'for which', 'such that'))} {self.clauses(where)}"
        texts = [self._relative(part) for part in where.parts]
        return self._joined(texts, where.joint.lower())

    def clauses(self, where: Where) -> str:
        """Conditions as clauses: "the city is Paris and the price is over 5"."""
        texts = [self._clause(part) for part in where.parts]
        if where.joint == "AND (OR)":
            return f"{texts[0]} and either {' or '.join(texts[1:])}"
        if where.joint == "(OR) AND":
            return f"either {' or '.join(texts[:-1])}, and in both cases {texts[-1]}"
        return self._joined(texts, where.joint.lower())

    def _joined(self, texts: list[str], joint: str) -> str:
        if len(texts) == 1:
            return texts[0]
        lead = "either " if joint == "or" and self.rng.chance(0.25) and texts[0].startswith("the ") else ""
        return lead + f" {joint} ".join(texts)

    def _relative(self, part: Part) -> str:
        if isinstance(part, Having):
            return self._having(part, "that have", self.rng.choice(("that have no", "without any")))
        if isinstance(part, Test):
            state = self._state(part)
            if state is not None:
                return f"{state[0]} {state[2]}"
            short = self.words["short"].get(self._key(part))
            if short and part.field.role not in TIMED and self.rng.chance(0.35):
                return f"with {self.name(part.field)} {self._filled(self.rng.choice(short), part)}"
        return f"whose {self.name(part.field)} {self._predicate(part)}"

    def _clause(self, part: Part) -> str:
        item = f"the {self.scope.base.item}"
        if isinstance(part, Having):
            return self._having(part, f"{item} has", f"{item} has no")
        state = self._state(part) if isinstance(part, Test) else None
        if state is not None:
            return f"{item} {state[1]} {state[2]}"
        return f"the {self.name(part.field)} {self._predicate(part)}"

    def _having(self, part: Having, some: str, none: str) -> str:
        role = split_name(part.edge.columns[0])
        # Two keys from one table: as what it points here has to be said.
        twice = sum(edge.to_table == part.edge.to_table for edge in part.child.edges) > 1
        called = f" as {name_phrase(' '.join(role[:-1]))}" if twice and role[-1].lower() == "id" else ""
        if part.negated:
            return f"{none} {part.child.items}{called}"
        inner = Parts(self.rng, self.words, Scope((part.child,)))
        one = self.rng.choice(("at least one", "one or more", "some"))
        noun = part.child.item if one == "at least one" else part.child.items
        return (
            f"{some} {one} {noun}{called} {inner.relative(Where((part.test,))) if part.test else ''}".strip()
        )

    def _state(self, part: Test) -> tuple[str, str, str] | None:
        """A flag called "is active": ("that are", "is", "active") or with "not"."""
        words = part.field.phrase.split(" ")
        if (
            part.field.role != "flag"
            or len(words) < 2
            or words[0] not in _STATES
            or self._owners[part.field.table]
        ):
            return None
        holds = (part.values[0] == 1) == (part.op == "=")
        plural, one = _STATES[words[0]]
        no = "no " if words[0] == "has" else "not "
        return plural, one, ("" if holds else no) + " ".join(words[1:])

    def _predicate(self, part: Test | Average) -> str:
        if isinstance(part, Average):
            return str(self.rng.choice(self.words["predicates"]["above" if part.op == ">" else "below"]))
        key = self._key(part)
        timed = part.field.role in TIMED and key in self.words["dates"]
        choices = self.words["dates" if timed else "predicates"][key]
        return self._filled(str(self.rng.choice(choices)), part)

    def _key(self, part: Test) -> str:
        if part.op != "LIKE":
            return part.op
        pattern = str(part.values[0])
        if pattern.startswith("%"):
            return "in" if pattern.endswith("%") else "end"
        return "start"

    def _filled(self, text: str, part: Test) -> str:
        marks = "" if not self.rng.chance(0.08) else self.rng.choice(("'", '"'))
        values = [self._said(part, value, marks) for value in part.values]
        slots = {"v": values[0] if values else "", "w": values[1] if len(values) > 1 else ""}
        return text.format(**slots, vs=join_phrases(values, "or") if values else "")

    def _said(self, part: Test, value: Value, marks: str) -> str:
        """A value as the question spells it: in quotes where it could be taken for other words."""
        if not isinstance(value, str):
            return str(value)
        if part.op == "LIKE":
            value = value.strip("%")
            if part.field.role in TIMED:
                return value.rstrip("-")
        clear = _QUIET_TEXT.match(value) and not _CONFUSING.search(value)
        if clear and not marks:
            return value
        marks = marks if marks and marks not in value else "'" if '"' in value else '"'
        return f"{marks}{value}{marks}"
