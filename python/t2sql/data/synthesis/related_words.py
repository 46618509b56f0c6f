"""Rows and the rows that belong to them in words: "the number of orders that each customer placed"."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.data.synthesis.column_names import ColumnNames
from t2sql.data.synthesis.condition_phrases import ConditionPhrases
from t2sql.data.synthesis.lexicon import column_words
from t2sql.data.synthesis.noun_phrases import NounPhrases
from t2sql.data.synthesis.noun_trees import Node, build_tree
from t2sql.data.synthesis.profiles import ColumnProfile
from t2sql.data.synthesis.query import Aggregate, Query
from t2sql.data.synthesis.relations import RelationWords, third_person
from t2sql.data.synthesis.result_words import ResultWords
from t2sql.data.synthesis.wordings import templates
from t2sql.schema import pluralize


class RelatedWords:
    """Writes the second table of a query, and what the rows of the first do with its rows."""

    def __init__(
        self, rng: Rng, names: ColumnNames, nouns: NounPhrases, conditions: ConditionPhrases
    ) -> None:
        """Prepare to write.

        Args:
            rng: The source of random choices.
            names: Names columns.
            nouns: Writes rows.
            conditions: Writes comparisons.
        """
        self._rng = rng
        self._names = names
        self._nouns = nouns
        self._conditions = conditions

    def slots(self, query: Query, tree: Node) -> dict[str, str]:
        """Return the slots of a query over several tables."""
        slots = self._verbs(query, tree)
        if query.shape == "pairs":
            slots |= self._pairs(query, tree)
        if query.shape == "related_both" and query.both is not None:
            slots["A"] = self._object(tree)
            slots["B"] = self._object(build_tree(query.scope, query.both))
        if query.shape == "related_extreme":
            slots["sup"] = self._extreme(query)
        if query.order is not None and isinstance(query.order.by, Aggregate):
            slots |= self._most(query)
        return slots

    def _verbs(self, query: Query, tree: Node) -> dict[str, str]:
        step = tree.steps[0] if tree.steps else None
        child, key = query.scope.tables[1], query.scope.joins[0]
        if child.is_link and len(query.scope.tables) == 2:
            index = child.foreign_keys.index(key)
            words, forward = child.relation(child.foreign_keys[0]), index == 0
            other = child.targets[1 - index]
            item, items, node = other, pluralize(other), None
        else:
            assert step is not None
            words, forward, node = step.words, step.forward, step.node
            item, items = node.table.item, node.table.items
        base, past = self._verb(words, forward)
        use_past = past and self._rng.chance(0.75)
        slots = {
            "verb": past if use_past else base,
            "verbs": past if use_past else third_person(base),
            "base": base,
            "does": "did" if use_past else "does",
            "other": item,
            "others": self._nouns.rows(node) if node is not None else items,
        }
        if query.shape == "related_count":
            slots["others"] = items
        if base.startswith("are ") and query.shape in ("related_number", "related_count"):
            slots |= {"verb": "have", "verbs": "has", "base": "have", "does": "does"}
        return slots

    def _verb(self, words: RelationWords, forward: bool) -> tuple[str, str]:
        if forward:
            return words.verb, words.past
        return (
            (words.after, "")
            if words.after_is_verb
            else (f"are {words.after}" if words.after != "of" else "have", "")
        )

    def _pairs(self, query: Query, tree: Node) -> dict[str, str]:
        """Write the columns of the first table, and the last table with its column."""
        node = tree.steps[0].node
        while node.steps and node.table != query.scope.tables[-1]:
            node = node.steps[0].node
        first = tuple(column for column in query.columns if column.table == query.scope.base.name)
        last = next(column for column in query.columns if column.table != query.scope.base.name)
        name = self._names.name(last)
        role = tree.steps[0].role
        item = role if role and node is tree.steps[0].node else node.table.item
        out = {
            "cols1": self._names.listed(first, plural=self._rng.chance(0.5)),
            "c2": name,
            "cs2": pluralize(name),
            "OTHERS": self._nouns.rows(node) if not role else pluralize(item),
            "OTHER": self._nouns.rows(node, one=True) if not role else item,
        }
        direct = node is tree.steps[0].node and not role
        if not direct:
            out |= {"verb": "have", "verbs": "has"}
        return out

    def _object(self, tree: Node) -> str:
        node = tree.steps[0].node
        return self._nouns.label_value(node) or self._nouns.rows(node)

    def _extreme(self, query: Query) -> str:
        order = query.order
        assert order is not None and isinstance(order.by, ColumnProfile)
        results = ResultWords(self._rng, templates(), self._names, self._nouns)
        child = query.scope.tables[1]
        adjectives = results.adjectives(column_words(order.by.phrase, order.by.role, child.is_person), order)
        if adjectives and self._rng.chance(0.6):
            return f"{self._rng.choice(adjectives)} {child.item}"
        return f"{child.item} with the {results.best(order)}"

    def _most(self, query: Query) -> dict[str, str]:
        order = query.order
        assert order is not None and isinstance(order.by, Aggregate)
        out = {
            "most": "most" if order.descending else self._rng.choice(("fewest", "least")),
            "number": self._rng.choice(
                ("largest number", "highest number", "greatest number")
                if order.descending
                else ("smallest number", "lowest number")
            ),
        }
        if order.by.column is not None:
            sign = "highest" if order.descending else "lowest"
            out["best"] = f"{sign} {self._names.measured(order.by)}"
        return out
