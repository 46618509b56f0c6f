"""The tables of a query as people think of them: rows, what holds for them, the rows that belong to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from t2sql.data.synthesis.conditions import AverageComparison, Comparison, NoRelatedRows, RowComparison, Where
from t2sql.data.synthesis.profiles import TableProfile
from t2sql.data.synthesis.relations import RelationWords
from t2sql.data.synthesis.scopes import Scope
from t2sql.databases import ForeignKeyConstraint
from t2sql.schema import name_phrase, pluralize, split_name


@dataclass(frozen=True)
class Step:
    """From the rows of one table to those of another.

    Attributes:
        node: The other table.
        words: The words for the key between them.
        forward: Whether the first table is the subject of the words' verb.
        role: What the other row is to the first, where the key's name says so: "manager".
        negated: Whether there is no such row.
    """

    node: Node
    words: RelationWords
    forward: bool
    role: str = ""
    negated: bool = False


@dataclass
class Node:
    """A table of a query.

    Attributes:
        table: The table.
        conditions: What holds for its rows.
        steps: The tables that are reached from it.
    """

    table: TableProfile
    conditions: list[Comparison | AverageComparison | RowComparison] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def build_tree(scope: Scope, where: Where, needed: Sequence[str] = ()) -> Node:
    """Sort the conditions of a query, which all hold, under its tables.

    Args:
        scope: The tables.
        where: The conditions.
        needed: Names of linking tables of whose columns the question speaks.

    Returns:
        The node of the scope's first table.
    """
    nodes = {table.name: Node(table) for table in scope.tables}
    for condition in where.conditions:
        if isinstance(condition, NoRelatedRows):
            nodes[scope.base.name].steps.append(_negated(condition))
        else:
            nodes[condition.column.table].conditions.append(condition)
    # A linking table is passed over: students take courses.
    passed: dict[str, tuple[Node, ForeignKeyConstraint]] = {}
    for table, key in zip(scope.tables[1:], scope.joins, strict=True):
        here = nodes[key.to_table if key.table == table.name else key.table]
        node = nodes[table.name]
        if table.is_link and not node.conditions and table.name not in needed and _leads_on(scope, table):
            passed[table.name] = (here, key)
        elif here.table.name in passed:
            start, first = passed[here.table.name]
            start.steps.append(_linked(node, here.table, first))
        else:
            here.steps.append(step(node, table, here.table, key))
    return nodes[scope.base.name]


def without_idle_steps(node: Node) -> Node:
    """Leave out the rows that nothing is said of: they are joined for what is selected of them."""
    steps = [
        replace(step, node=without_idle_steps(step.node))
        for step in node.steps
        if step.negated or _says(step.node)
    ]
    return Node(node.table, node.conditions, steps)


def _says(node: Node) -> bool:
    return bool(node.conditions) or any(step.negated or _says(step.node) for step in node.steps)


def step(node: Node, table: TableProfile, here: TableProfile, key: ForeignKeyConstraint) -> Step:
    """Return the step along a key from `here` to `table`, whose node is `node`."""
    if key.table == table.name:
        return Step(node, table.relation(key), forward=True)
    return Step(node, here.relation(key), forward=False, role=key_role(key, table))


def key_role(key: ForeignKeyConstraint, table: TableProfile) -> str:
    """Return "manager" for a key manager_id into a table of employees; empty where the name says no more."""
    words = split_name(key.columns[0])
    if len(words) < 2 or words[-1].lower() not in ("id", "code", "no", "number", "key", "ref"):
        return ""
    role = name_phrase(" ".join(words[:-1])).lower()
    short = role.rstrip("s")
    initials = "".join(word[0] for word in table.item.lower().split(" "))
    if short == initials or table.item.lower().startswith(short):
        return ""
    return "" if short in table.item.lower() or short in table.name.lower() else role


def _leads_on(scope: Scope, table: TableProfile) -> bool:
    return any(key.table == table.name for key in scope.joins[1:]) and table != scope.tables[-1]


def _linked(node: Node, link: TableProfile, first: ForeignKeyConstraint) -> Step:
    forward = link.foreign_keys[0] == first
    return Step(node, link.relation(link.foreign_keys[0]), forward)


def _negated(condition: NoRelatedRows) -> Step:
    inner = condition.scope
    node = build_tree(inner, condition.where)
    if inner.base.is_link:
        words, forward = (
            inner.base.relation(inner.base.foreign_keys[0]),
            inner.base.foreign_keys[0] == condition.key,
        )
        if node.steps:
            return Step(node.steps[0].node, words, forward, negated=True)
        item = inner.base.targets[1 if forward else 0]
        other = replace(inner.base, item=item, items=pluralize(item))
        return Step(Node(other), words, forward, negated=True)
    return Step(node, inner.base.relation(condition.key), forward=True, negated=True)
