"""Values, conditions and aggregates over one table of a statement, as rules that all groups share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from t2sql.grammar.notations import (
    Node,
    Repetition,
    RuleReference,
    Terminal,
    TerminalChoice,
    either,
    optional,
    sequence,
)
from t2sql.grammar.sources import Source, Tables
from t2sql.grammar.values import COUNT, DIGIT, LONG_NUMBER
from t2sql.sql import quote

Comparable: TypeAlias = Literal["number", "text", "date"]
"""The kinds of values that conditions, subqueries and set operations keep apart."""
COMPARABLE: tuple[Comparable, ...] = ("number", "text", "date")
Depth: TypeAlias = Literal[0, 1]
"""0 in a statement, whose conditions may have subqueries; 1 in one of those, whose own are over one table."""

MAX_VALUES = 12
"""Values of an IN, at most."""

_FORMATS = ("'%Y'", "'%m'", "'%d'", "'%Y-%m'", "'%Y-%m-%d'")


def choice(parts: Iterable[Node | str | None]) -> Node:
    """One of the parts that are not None; a string is a `Terminal`."""
    nodes = [Terminal(part) if isinstance(part, str) else part for part in parts if part is not None]
    return nodes[0] if len(nodes) == 1 else either(*nodes)


def listed(part: Node, most: int) -> Node:
    """A part up to so many times, with commas between."""
    return sequence(part, Repetition(sequence(", ", part), 0, most - 1))


TEXT = RuleReference("text")
NUMBER = RuleReference("number")
COMPARISON = RuleReference("compared")
ARITHMETIC = RuleReference("calculated")
"""What never fails; a division is by a number, or by what is not 0."""
AND_OR = RuleReference("connected")
DIRECTION = RuleReference("direction")
LIMIT = RuleReference("limit")
NOT = RuleReference("negated")
DISTINCT = RuleReference("distinct")


def common_rules() -> dict[str, Node]:
    """The rules that need no schema."""
    return {
        "number": either(LONG_NUMBER),
        "compared": TerminalChoice((" = ", " <> ", " != ", " > ", " >= ", " < ", " <= "), lexeme=True),
        "calculated": TerminalChoice((" + ", " - ", " * "), lexeme=True),
        "connected": TerminalChoice((" AND ", " OR ")),
        "direction": optional(TerminalChoice((" ASC", " DESC"), lexeme=True)),
        "limit": optional(" LIMIT ", COUNT, optional(" OFFSET ", COUNT)),
        "joined": TerminalChoice((" JOIN ", " LEFT JOIN "), lexeme=True),
        "negated": optional(" NOT"),
        "distinct": optional("DISTINCT "),
    }


@dataclass
class Rules:
    """The rules of a grammar while it is made; each is made when it is first asked for.

    Attributes:
        tables: The tables.
        rules: The rules by name.
        ids: A short name for each group of tables; names are most of a grammar's text.
    """

    tables: Tables
    rules: dict[str, Node] = field(default_factory=dict)
    ids: dict[frozenset[Source], str] = field(default_factory=dict)

    def id(self, scope: frozenset[Source]) -> str:
        """A part of the names of a group's rules."""
        return self.ids.setdefault(scope, f"g{len(self.ids)}")

    def rule(self, name: str, make: Callable[[], Node]) -> RuleReference:
        """A reference to a rule, which is made if there is none of that name."""
        if name not in self.rules:
            self.rules[name] = TEXT  # Its place, while the rules that it refers to are made.
            self.rules[name] = make()
        return RuleReference(name)

    def any_of(self, name: str, make: Callable[[], Sequence[Node | None]]) -> RuleReference | None:
        """A reference to a rule of the parts that there are; None without any."""
        if name not in self.rules:
            made = [part for part in make() if part is not None]
            if not made:
                return None
            self.rules[name] = choice(made)
        return RuleReference(name)

    def column(self, table: int, kind: Comparable | Literal["boolean"] | None = None) -> RuleReference | None:
        """A column of a table without the table's name."""

        def make() -> list[Node]:
            names = self.tables.columns(table, *([kind] if kind else []))
            return [TerminalChoice(names, lexeme=True)] if names else []

        return self.any_of(f"{kind[0] if kind else 'c'}{table}", make)


class SourceRules:
    """The rules over the columns of one table in a statement."""

    def __init__(self, rules: Rules, source: Source) -> None:
        """Name the table.

        Args:
            rules: Gets the rules.
            source: The table.
        """
        self._rules = rules
        self.source = source
        self.id = source.id
        self._prefix = () if source.alias is None else (Terminal(f"{source.alias}."),)

    def column(self, kind: Comparable | None = None) -> Node | None:
        """A column of a kind, or any; None if the table has none."""
        shared = self._rules.column(self.source.table, kind)
        if shared is None or not self._prefix:
            return shared
        return self._rules.rule(f"{self.id}{kind[0] if kind else 'c'}", lambda: self._own(shared))

    def aggregate(self, kind: Comparable) -> RuleReference | None:
        """An aggregate over the table's columns whose value is of a kind."""
        return self._rules.any_of(f"{self.id}_a{kind[0]}", lambda: self._aggregates(kind))

    def function(self, kind: Comparable) -> RuleReference | None:
        """A function of the table's columns whose value is of a kind."""
        return self._rules.any_of(f"{self.id}_f{kind[0]}", lambda: self._functions(kind))

    def row(self) -> RuleReference:
        """A value of each row."""
        return self._rules.rule(
            f"{self.id}_row",
            lambda: choice([self.column(), self.function("number"), self.function("text")]),
        )

    def item(self) -> RuleReference:
        """A value of each row or of a group."""

        def make() -> Node:
            parts: list[Node | None] = [self.row(), *map(self.aggregate, COMPARABLE)]
            parts += [
                sequence("CASE WHEN ", self.condition(1), " THEN ", literal, " ELSE ", literal, " END")
                for literal in (TEXT, NUMBER)
            ]
            return choice(parts)

        return self._rules.rule(f"{self.id}_item", make)

    def condition(self, depth: Depth) -> RuleReference:
        """A condition on the table's columns."""

        def make() -> Node:
            # What begins with a column is the same for the table under all names.
            parts: list[Node | None] = [self._own(RuleReference(f"w{depth}_{self.source.table}"))]
            for kind, literal in (("number", NUMBER), ("text", TEXT)):
                function = self.function("number" if kind == "number" else "text")
                parts.append(None if function is None else sequence(function, COMPARISON, literal))
            for kind in COMPARABLE:
                column = self.column(kind)
                if column is not None and self._prefix:
                    parts.append(sequence(column, COMPARISON, column))
            near = depth == 0 and (self.source.alias is None or self.source.place == 1)
            return choice([*parts, *(self._correlated() if near else [])])

        return self._rules.rule(f"{self.id}_w{depth}", make)

    def _correlated(self) -> list[Node]:
        """Conditions on the rows of other tables that belong to a row of this one."""
        tables, here = self._rules.tables, self.source.table
        found: list[Node] = []
        for other in tables.neighbours(here):
            if other == here:
                continue
            name = quote(tables.tables[other].name)
            inner = SourceRules(self._rules, Source(other, name))
            keys = tables.keys(here, self.source.alias or quote(tables.tables[here].name), other, name)
            same_rows = choice([sequence(key[0], *key[1:]) for key in keys])
            more = optional(" AND ", inner.condition(1))
            self._rules.rules[f"{self.id}_to{other}"] = sequence(
                " FROM ", name, " WHERE ", same_rows, more, ")"
            )
            rows = RuleReference(f"{self.id}_to{other}")
            found += [
                sequence(either("EXISTS (", "NOT EXISTS ("), "SELECT *", rows),
                sequence("(", "SELECT ", "COUNT(*)", rows, COMPARISON, NUMBER),
            ]
        number = self._rules.column(here, "number")
        if self.source.place == 1 and number is not None:
            same = TerminalChoice(tuple(f"T2.{name} = T1.{name}" for name in tables.columns(here)))
            inner_rows = sequence(quote(tables.tables[here].name), " AS T2", " WHERE ", same)
            average = sequence(TerminalChoice(("AVG(", "MIN(", "MAX(")), "T2.", number, ")")
            found.append(sequence("T1.", number, COMPARISON, "(SELECT ", average, " FROM ", inner_rows, ")"))
        return found

    def _own(self, shared: Node) -> Node:
        return sequence(*self._prefix, shared) if self._prefix else shared

    def _aggregates(self, kind: Comparable) -> list[Node | None]:
        column = self.column(kind)
        found: list[Node | None] = []
        if kind == "number":
            any_column = self.column()
            assert any_column is not None
            found.append(sequence("COUNT(", DISTINCT, any_column, ")"))
        if column is not None:
            found.append(sequence(TerminalChoice(("MIN(", "MAX(")), column, ")"))
            if kind == "number":
                added = sequence(TerminalChoice(("SUM(", "AVG(")), DISTINCT, column, ")")
                calculated = sequence(column, ARITHMETIC, either(column, NUMBER))
                found += [
                    added,
                    sequence("ROUND(", added, ", ", DIGIT, ")"),
                    sequence(TerminalChoice(("SUM(", "AVG(")), calculated, ")"),
                ]
        if kind == "number":
            found.append(sequence("SUM(", "CASE WHEN ", self.condition(1), " THEN 1 ELSE 0 END)"))
        return found

    def _functions(self, kind: Comparable) -> list[Node | None]:
        number, text, date = (self.column(kind) for kind in COMPARABLE)
        found: list[Node | None] = []
        if kind == "number" and number is not None:
            divided = sequence(" / ", either(COUNT, sequence("NULLIF(", number, ", 0)")))
            found += [
                sequence(number, either(sequence(ARITHMETIC, either(number, NUMBER)), divided)),
                sequence("ABS(", number, ")"),
                sequence("ROUND(", number, optional(", ", DIGIT), ")"),
                sequence("COALESCE(", number, ", ", NUMBER, ")"),
                sequence("CAST(", number, TerminalChoice((" AS BIGINT)", " AS REAL)"))),
            ]
        if kind == "number" and text is not None:
            found.append(sequence("LENGTH(", text, ")"))
        if kind == "text" and text is not None:
            found += [
                sequence(text, " || ", optional(TEXT, " || "), text),
                sequence(TerminalChoice(("UPPER(", "LOWER(", "TRIM(")), text, ")"),
                sequence("SUBSTR(", text, ", ", COUNT, optional(", ", COUNT), ")"),
                sequence("COALESCE(", text, ", ", TEXT, ")"),
            ]
        if kind == "text" and date is not None:
            found.append(sequence("strftime(", TerminalChoice(_FORMATS, lexeme=True), ", ", date, ")"))
        return found
