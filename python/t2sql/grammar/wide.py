"""The wide grammar of a schema: statements as people's questions need them, over the names that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from t2sql.grammar.conditions import Subqueries, table_conditions
from t2sql.grammar.expressions import (
    AND_OR,
    COMPARABLE,
    DISTINCT,
    Comparable,
    Depth,
    Rules,
    SourceRules,
    choice,
    common_rules,
)
from t2sql.grammar.notations import (
    Grammar,
    Node,
    Repetition,
    RuleReference,
    Terminal,
    TerminalChoice,
    either,
    optional,
    sequence,
)
from t2sql.grammar.scope_rules import ScopeRules
from t2sql.grammar.scopes import Scope, Scopes, scopes_of
from t2sql.grammar.sources import Source, Tables
from t2sql.grammar.values import DATE, STRING, copied_text, numbers_of
from t2sql.grammar.walks import Walk
from t2sql.schema import Schema
from t2sql.sql import literal, quote

MAX_SELECTED = 16
"""Items after SELECT that are of the same tables, at most."""
MAX_INNER_GROUPS = 14
"""Pairs of tables, and larger groups, that a query inside another one may join, at most."""
MAX_INNER_PAIRS = 8
"""Groups of tables that a query of one value may join, at most."""
MAX_SETS = 3
"""Queries that UNION, INTERSECT and EXCEPT join, at most."""

_SET = RuleReference("set")


_CACHED = 8
"""Grammars that are kept, so that a second question about the same tables waits for none."""


def wide_grammar_of(
    schema: Schema,
    question: str | None = None,
    relevance: Mapping[str, float] | None = None,
    left_out: tuple[str, ...] = (),
    known: Sequence[str] = (),
) -> Grammar:
    """Make the wide grammar of the statements over a schema.

    Args:
        schema: The tables: at least one, each with a column.
        question: Texts and numbers in a statement are those of it, dates, or values of a column; None allows
            any.
        relevance: How near each table's name is to the question; the joins of such tables come first where
            there are more than the grammar holds.
        left_out: Tables that the grammar names as left out.
        known: Further values that texts may be.
    """
    tables = _tables_of(schema)
    base = _grammar_over(tables, scopes_of(tables, relevance or {}))
    return base.replaced({} if question is None else _literals(schema, question, known), left_out)


@lru_cache(maxsize=_CACHED)
def _tables_of(schema: Schema) -> Tables:
    return Tables.of(schema)


@lru_cache(maxsize=_CACHED)
def _grammar_over(tables: Tables, scopes: Scopes) -> Grammar:
    return _Wide(tables, scopes).grammar()


def _literals(schema: Schema, question: str, known: Sequence[str]) -> dict[str, Node]:
    """The texts and numbers of a question, and values that are known."""
    stored = [value for table in schema.tables for column in table.columns for value in column.values]
    values = {
        literal(value)
        for value in (*stored, *known)
        if isinstance(value, str) and value and value.isprintable()
    }
    exact: list[Node] = [TerminalChoice(tuple(sorted(values)), lexeme=True)] if values else []
    numbers = TerminalChoice(numbers_of(question), lexeme=True)
    return {"text": either(copied_text(question, any_case=True), DATE, *exact), "number": either(numbers)}


class _Wide(Subqueries):
    """Makes one grammar."""

    def __init__(self, tables: Tables, scopes: Scopes) -> None:
        self._rules = Rules(tables, {"root": TerminalChoice(()), **common_rules(), "text": either(STRING)})
        self._rules.rules["set"] = sequence(either(" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "))
        self._scopes = scopes
        self._made: dict[Scope, ScopeRules] = {}
        groups = self._scopes.groups
        pairs = tuple(group for group in groups if len(group) == 2)[:MAX_INNER_GROUPS]
        larger = tuple(group for group in groups if len(group) > 2)[:MAX_INNER_GROUPS]
        self._statement = self._walk("st", groups, ScopeRules.end)
        self._body = self._walk("bd", pairs + larger, ScopeRules.body)
        self._filter = self._walk("wh", pairs[:MAX_INNER_PAIRS], ScopeRules.where)
        self._first = self._walk("li", pairs[:MAX_INNER_PAIRS], ScopeRules.first)
        joined = dict.fromkeys(source for group in groups for source in sorted(group, key=Source.order))
        self._sources = [SourceRules(self._rules, source) for source in (*self._scopes.alone, *joined)]

    def _walk(self, name: str, groups: tuple[Scope, ...], end: Callable[[ScopeRules], RuleReference]) -> Walk:
        return Walk(name, self._rules, self._scopes, lambda scope: end(self._over(scope)), groups)

    def grammar(self) -> Grammar:
        """All rules."""
        self._rules.rule("average", self._averages)
        for table in range(len(self._rules.tables.tables)):
            table_conditions(self._rules, table, 0, self)
            table_conditions(self._rules, table, 1, self)
        self._rules.rules["root"] = sequence(
            optional(" "), either(self._query(), *self._sets(), *self._common())
        )
        return Grammar(self._rules.rules, pairs_left_out=self._scopes.left_out)

    def rows(self, kind: Comparable, depth: Depth) -> Node | None:
        """A query of one item of a kind, for IN."""
        return self._one(kind) if depth == 0 else self._flat(kind)

    def value(self, kind: Comparable, depth: Depth) -> Node | None:
        """A query of one value of a kind, in parentheses."""
        if depth == 0:
            return self._rules.any_of(f"scalar_{kind[0]}", lambda: self._scalars(kind))
        return RuleReference("average") if kind == "number" else None

    def _over(self, scope: Scope) -> ScopeRules:
        if scope not in self._made:
            parts = (scope - {source} for source in sorted(scope, key=Source.order, reverse=True))
            smaller = next((self._made[part] for part in parts if len(part) > 1 and part in self._made), None)
            self._made[scope] = ScopeRules(self._rules, scope, smaller)
        return self._made[scope]

    def _query(self) -> Node:
        """A query of several items, from SELECT on."""
        everything = self._statement.source(frozenset())
        assert everything is not None
        rows = either(*(one for one in map(self._one, COMPARABLE) if one is not None))
        parts: list[Node] = [
            sequence("COUNT(*)", " FROM ", either(everything, sequence("(", rows, ")", " AS T1"))),
            *self._derived(),
        ]
        for source in self._sources:
            after = self._after(frozenset((source.source,)))
            if after is not None:
                parts += [sequence(source.item(), after), sequence("COUNT(*)", ", ", source.item(), after)]
        whole = sequence("*", " FROM ", everything)
        # Rows of a type that PostgreSQL cannot compare are never all the same.
        return sequence("SELECT ", either(whole, sequence(DISTINCT, choice(parts))))

    def _derived(self) -> list[Node]:
        """An aggregate of aggregates, from a query after FROM."""
        amounts = self._rules.any_of("amounts", self._amounts)
        if amounts is None:
            return []
        function = TerminalChoice(("AVG(", "MIN(", "MAX(", "SUM("))
        return [sequence(function, "T1.amount", ")", " FROM ", "(", amounts, ")", " AS T1")]

    def _amounts(self) -> list[Node]:
        parts: list[Node] = []
        for source in self._sources:
            item, body = source.aggregate("number"), self._body.source(frozenset((source.source,)))
            if item is not None and body is not None:
                parts.append(sequence(item, " AS amount", " FROM ", body))
        return [sequence("SELECT ", choice(parts))] if parts else []

    def _common(self) -> list[Node]:
        """The same with the query before SELECT."""
        amounts = self._rules.any_of("amounts", self._amounts)
        if amounts is None:
            return []
        function = TerminalChoice(("AVG(", "MIN(", "MAX(", "SUM("))
        return [
            sequence("WITH T1 AS (", amounts, ")", " SELECT ", function, "T1.amount", ")", " FROM ", "T1")
        ]

    def _after(self, named: Scope) -> RuleReference | None:
        """What follows an item: more items of the same tables, then one of another table or FROM."""

        def make() -> list[Node]:
            source = self._statement.source(named)
            parts = [] if source is None else [sequence(" FROM ", source)]
            for other in self._beside(named):
                after = self._after(named | {other})
                if after is not None:
                    parts.append(sequence(", ", SourceRules(self._rules, other).item(), after))
            more = Repetition(sequence(", ", self._over(named).item()), 0, MAX_SELECTED - 1)
            return [sequence(more, choice(parts))] if parts else []

        return self._rules.any_of(f"se_{self._rules.id(named)}", make)

    def _beside(self, named: Scope) -> list[Source]:
        """The tables whose columns a query may have besides those of some."""
        if len(named) >= 3 or any(source.alias is None for source in named):
            return []
        groups = [group for group in self._scopes.groups if named < group]
        if len(named) == 2:
            groups = [group for group in groups if len(group) == 3]
        found = {source for group in groups for source in group - named}
        return sorted(found, key=Source.order)

    def _sets(self) -> list[Node]:
        """Queries with as many items of the same kinds, as one set of rows."""
        found: list[Node] = []
        for kind in COMPARABLE:
            if (one := self._one(kind)) is not None:
                found.append(sequence(one, Repetition(sequence(_SET, one), 1, MAX_SETS - 1)))
        for first in COMPARABLE[:2]:
            for second in COMPARABLE[:2]:
                if (two := self._two(first, second)) is not None:
                    found.append(sequence(two, _SET, two))
        return found

    def _one(self, kind: Comparable) -> Node | None:
        """A query of one item of a kind."""
        return self._rules.any_of(f"one_{kind[0]}", lambda: self._query_of(kind))

    def _two(self, *kinds: Comparable) -> Node | None:
        """A query of two columns of kinds."""
        return self._rules.any_of(f"two_{kinds[0][0]}{kinds[1][0]}", lambda: self._query_of(*kinds))

    def _query_of(self, *kinds: Comparable) -> list[Node]:
        parts: list[Node] = []
        for source in self._sources:
            columns = [source.column(kind) for kind in kinds]
            body = self._body.source(frozenset((source.source,)))
            if body is not None and all(column is not None for column in columns):
                items = [sequence(", ", column) for column in columns[1:] if column is not None]
                assert columns[0] is not None
                parts.append(sequence(columns[0], *items, " FROM ", body))
        return [sequence("SELECT ", DISTINCT, choice(parts))] if parts else []

    def _flat(self, kind: Comparable) -> Node | None:
        """A query of one column of one table."""

        def make() -> list[Node]:
            parts = []
            for source in self._sources[: len(self._scopes.alone)]:
                column = source.column(kind)
                if column is not None:
                    again = Repetition(sequence(AND_OR, source.condition(1)), 0, 2)
                    where = optional(" WHERE ", source.condition(1), again)
                    parts.append(sequence(column, " FROM ", self._table(source), where))
            return [sequence("SELECT ", choice(parts))] if parts else []

        return self._rules.any_of(f"flat_{kind[0]}", make)

    def _scalars(self, kind: Comparable) -> list[Node]:
        parts: list[Node] = []
        for source in self._sources:
            scope = frozenset((source.source,))
            for item, walk in ((source.aggregate(kind), self._filter), (source.column(kind), self._first)):
                follow = walk.source(scope)
                if item is not None and follow is not None:
                    parts.append(sequence(item, " FROM ", follow))
        if kind == "number":
            follow = self._filter.source(frozenset())
            assert follow is not None
            parts.append(sequence("COUNT(*)", " FROM ", follow))
        return [sequence("(SELECT ", choice(parts), ")")] if parts else []

    def _averages(self) -> Node:
        """The average, the least, the most, the sum or the count of a whole table."""
        alone = self._sources[: len(self._scopes.alone)]
        parts: list[Node] = [sequence("COUNT(*)", " FROM ", choice(map(self._table, alone)))]
        for source in alone:
            number = source.column("number")
            if number is not None:
                function = TerminalChoice(("AVG(", "MIN(", "MAX(", "SUM("))
                parts.append(sequence(function, number, ")", " FROM ", self._table(source)))
        return sequence("(SELECT ", choice(parts), ")")

    def _table(self, source: SourceRules) -> Node:
        return Terminal(quote(self._rules.tables.tables[source.source.table].name))
