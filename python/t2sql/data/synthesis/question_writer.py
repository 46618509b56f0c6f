"""Questions for queries, in the wordings of `templates.toml` and `lexicon.toml`."""

from __future__ import annotations

import re
from dataclasses import replace

from t2sql.data.rng import Rng
from t2sql.data.synthesis.column_names import ColumnNames
from t2sql.data.synthesis.condition_clauses import ConditionClauses
from t2sql.data.synthesis.condition_phrases import ConditionPhrases
from t2sql.data.synthesis.conditions import Comparison
from t2sql.data.synthesis.finishing import finished
from t2sql.data.synthesis.lexicon import column_words
from t2sql.data.synthesis.noun_phrases import NounPhrases
from t2sql.data.synthesis.noun_trees import Node, build_tree, without_idle_steps
from t2sql.data.synthesis.profiles import ColumnProfile
from t2sql.data.synthesis.query import Query
from t2sql.data.synthesis.related_words import RelatedWords
from t2sql.data.synthesis.result_words import ResultWords
from t2sql.data.synthesis.wordings import templates
from t2sql.schema import pluralize

_ASKED = r"\{O\} (the )?(distinct |different )?\{(cols|cs|gs|agg|m)"
"""How a template begins of which "What are" can be the opener."""

_MEASURE = re.compile(r"\{m\}|\{agg\}|number of|Count |count of")
_GROUP = re.compile(r"\{gs?\}|\{cols\}|[Ee](?:ach|very) \{ITEM\}")


def _names_measure_first(template: str) -> bool:
    """Tell whether a template names what is measured before the groups: "the price of each type"."""
    measure, group = _MEASURE.search(template), _GROUP.search(template)
    return measure is not None and (group is None or measure.start() < group.start())


class QuestionWriter:
    """Writes one query as a question.

    Attributes:
        query: The query; once it is written, what it selects is in the order that the question has.
    """

    def __init__(self, rng: Rng, query: Query) -> None:
        """Write `query`, and draw every choice from `rng`."""
        self._rng = rng
        self.query = query
        self._templates = templates()
        self._names = ColumnNames(rng, self._templates, query.scope)
        self._conditions = ConditionPhrases(rng, self._templates, self._names.name)
        self._nouns = NounPhrases(rng, self._conditions)
        self._results = ResultWords(rng, self._templates, self._names, self._nouns)
        self._predicates: list[str | None] = []
        where = query.where
        self._connected = where.connective != "AND"
        self._tree = build_tree(query.scope, where) if not self._connected else Node(query.scope.base)
        self._is_listed = len({column.table for column in query.columns}) > 2
        is_pair = query.shape == "pairs" and not self._is_listed
        if not is_pair and not query.shape.startswith("related_"):
            self._tree = without_idle_steps(self._tree)

    def write(self) -> str:
        """Return a question for the query."""
        asked = self._asked()
        if asked is not None:
            return finished(self._rng, asked)
        template = self._rng.choice(self._templates.lists[self._template_name()])
        text = template.format(**self._slots(template))
        if self.query.group and self.query.aggregates and _names_measure_first(template):
            self.query = replace(self.query, select=(*self.query.aggregates, *self.query.columns))
        return finished(self._rng, " ".join(text.split()))

    def _asked(self) -> str | None:
        """Ask for one column of one row in a question of its own: "How old is Ann Lee?"."""
        query, base = self.query, self.query.scope.base
        if query.shape not in ("filter", "top_one") or len(query.select) != 1 or not self._rng.chance(0.6):
            return None
        (column,) = query.select
        if not isinstance(column, ColumnProfile) or column.table != base.name:
            return None
        words = column_words(column.phrase, column.role, base.is_person)
        if words.participle:
            be = "was"
            ask: tuple[str, ...] = (
                f"When {be} {{x}} {words.participle}?",
                f"In which year {be} {{x}} {words.participle}?",
            )
            ask = ask if column.role == "year" else ask[:1]
        else:
            ask = words.ask
        if not ask or self._connected:
            return None
        if query.shape == "top_one":
            row = "the " + self._results.superlative(query, self._tree)
        else:
            value = self._nouns.label_value(self._tree)
            if value is None:
                return None
            row = self._rng.choice(
                (value, value, f"the {base.item} {value}", f"the {base.item} named {value}")
            )
        return self._rng.choice(ask).format(x=row, c=self._names.name(column), item=base.item)

    def _template_name(self) -> str:
        query = self.query
        shape = query.shape
        if shape == "pairs" and self._is_listed:
            return "filter" if query.where.conditions else "select"
        label = query.select == (query.scope.base.label,)
        known = query.scope.base.label
        # "Which students" asks for their names, and not for the last ones alone.
        named = label and known.role in ("name", "category") and not known.phrase.startswith("last")
        if shape == "select":
            return "select_label" if named else "select"
        if shape == "filter":
            if self._connected:
                return "filter_clause" if self._rng.chance(0.35) else "filter"
            plain = all(isinstance(part, Comparison) for part in query.where.conditions)
            if plain and self._rng.chance(0.06):
                return "filter_clause"
            if named and self._rng.chance(0.5):
                return "which_predicate" if self._rng.chance(0.45) and self._predicate() else "which"
            return "filter"
        if shape == "count" and self._rng.chance(0.4) and self._predicate():
            return "count_predicate"
        if shape == "related_filter":
            if named and self._rng.chance(0.4):
                return "which_predicate" if self._rng.chance(0.5) and self._predicate() else "which"
            return "filter"
        if shape == "aggregate" and self._many() and self._rng.chance(0.2):
            return "aggregate_many"
        return self._results.template_name(query, named) or shape

    def _predicate(self) -> str | None:
        """Write the conditions as a predicate, the same each time; None if it cannot be."""
        if not self._predicates:
            query, base = self.query, self.query.scope.base
            if self._connected:
                clauses = ConditionClauses(self._rng, self._nouns, self._conditions, self._names)
                self._predicates.append(clauses.predicate(query.where, base))
            else:
                self._predicates.append(self._nouns.predicate(self._tree))
        return self._predicates[0]

    def _many(self) -> tuple[str, ...]:
        """Return clauses that ask for the average: "how old students are on average"."""
        query = self.query
        aggregate = query.aggregate
        if len(query.select) > 1 or aggregate is None or aggregate.function != "AVG" or not aggregate.column:
            return ()
        base = query.scope.base
        return column_words(aggregate.column.phrase, aggregate.column.role, base.is_person).many

    def _slots(self, template: str) -> dict[str, str]:
        query, base = self.query, self.query.scope.base
        plural = self._rng.chance(0.5) and not re.search(
            r"\{ITEM\}|\{item\}|[Ee]ach|[Ee]very|\{is\} the \{cols\} of the \{sup\}", template
        )
        plural = bool(query.columns) and plural
        asked = re.search(r"What are the (different |distinct )?\{cols", template)
        plural = plural or (asked is not None and len(query.columns) == 1)
        opener = self._rng.choice(self._templates.lists["openers"])
        columns = query.columns
        several = len(columns) > 1 or plural
        slots = {
            "O": opener,
            "o": self._rng.choice(self._templates.lists["inner"]),
            "item": base.item,
            "items": base.items,
            "table": base.name,
            "cols": self._names.listed(columns, plural=plural),
            "is": "are" if several or len(query.aggregates) > 1 else "is",
            "who": "who" if base.is_person and self._rng.chance(0.7) else "that",
            "it": "they" if base.is_person else "it",
            "they": "they",
            "its": "their" if base.is_person else "its",
        }
        slots |= self._rows(template)
        if columns:
            name = self._names.owned(columns[0])
            slots |= {"c": name, "cs": pluralize(name), "c1": name}
        if query.aggregates and query.aggregates[0].column is not None:
            slots["agg"] = self._names.several_measured(query.aggregates)
            word = self._names.name(query.aggregates[0].column)
            slots |= {"c": word, "cs": pluralize(word)} if not columns else {}
        if "{many}" in template:
            slots["many"] = self._rng.choice(self._many()).format(items=slots["NP"])
        slots |= self._results.slots(query, self._tree, slots)
        few = query.having is not None and slots["cmp"].endswith((" one", " 1"))
        if few and query.shape == "group_having":
            slots["NP"] = slots["ITEM"]
        if (query.shape == "pairs" and not self._is_listed) or query.shape.startswith("related_"):
            related = RelatedWords(self._rng, self._names, self._nouns, self._conditions)
            slots |= related.slots(query, self._tree)
            slots["others"] = slots["other"] if few else slots["others"]
        if opener == "What are":
            # "What are the name and age" is right, "What are the name" is not.
            ends_asked = re.match(_ASKED, template) is not None
            if not ends_asked:
                slots["O"] = "Show"
            elif not several:
                slots["O"] = "What is"
        return slots

    def _rows(self, template: str) -> dict[str, str]:
        """Write the rows that are asked about."""
        query, base = self.query, self.query.scope.base
        slots = {}
        if self._connected:
            clauses = ConditionClauses(self._rng, self._nouns, self._conditions, self._names)
            slots["C"] = clauses.clauses(query.where, base)
            rest = clauses.relative(query.where, base)
            slots |= {
                "NP": f"{base.items} {rest}",
                "ITEM": f"{base.item} {clauses.relative(query.where, base, one=True)}",
            }
            slots["P"] = self._predicate() or ""
            return slots
        # Of a pair of tables, the second is written by itself.
        skip = 1 if query.shape == "pairs" or query.shape.startswith("related_") else 0
        skip = 0 if query.shape == "related_filter" or self._is_listed else skip
        slots["NP"] = self._nouns.rows(self._tree, skip=skip)
        slots["ITEM"] = self._nouns.rows(self._tree, one=True, skip=skip)
        if "{P}" in template:
            slots["P"] = self._predicate() or ""
        if "{C}" in template:
            clauses = ConditionClauses(self._rng, self._nouns, self._conditions, self._names)
            slots["C"] = clauses.clauses(query.where, base)
        if "{NP2}" in template and query.both is not None:
            slots["NP2"] = self._nouns.rows(build_tree(query.scope, query.both))
        return slots
