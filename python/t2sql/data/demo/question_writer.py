"""Questions for the demo's queries, in the wordings of one split (`templates.toml`)."""

from __future__ import annotations

import re
from functools import cache

from t2sql.data.demo.domains import DemoColumn
from t2sql.data.demo.grammar import is_countable, is_plural, pluralize, singular_verbs, with_article
from t2sql.data.demo.query import DemoCondition, DemoOrder, DemoQuery
from t2sql.data.rng import Rng
from t2sql.data.templates import NUMBER_WORDS, Templates, read_toml

_QUESTION_START = re.compile(
    r"(what|which|who|how|when|where|can|could|would|do|does|did|are|is|in how|in the case|for .*, what"
    r"|regarding|considering|looking|given|going|among|out of|of the|when it)\b"
)
_AGGREGATE_WORDS = {"AVG": "average", "MAX": "maximum", "MIN": "minimum", "SUM": "sum"}

_SYNONYM_PROBABILITY = 0.04
"""How often a column is called by a synonym; most often people know the names of their columns."""

_BY_PROBABILITY = 0.3
"""How often a condition does not name its column, where that is possible: "directed by Ann Lee"."""


@cache
def templates(split: str) -> Templates:
    """Return the wordings of a split; no sentence belongs to two splits."""
    return Templates.from_toml(read_toml("t2sql.data.demo", "templates.toml")[split])


class DemoQuestionWriter:
    """Writes one query as a question."""

    def __init__(self, rng: Rng, split: str) -> None:
        """Write in the wordings of `split`, and draw every choice from `rng`."""
        self._rng = rng
        self._templates = templates(split)
        self._names: dict[str, str] = {}

    def write(self, query: DemoQuery, other_phrases: tuple[str, ...] = ()) -> str:
        """Return a question for a query, in one of the many wordings of the split.

        Args:
            query: The query.
            other_phrases: What the columns of the database's other table are called. A question that uses
                such a phrase also says which table it means.
        """
        self._names = {}
        columns = {*query.select, *(condition.column for condition in query.conditions)}
        ambiguous = any(column.phrase in other_phrases for column in columns)
        template = self._template(query)
        while ambiguous and not re.search(r"\{(items?|table|v)\}", template):
            template = self._template(query)
        slots = self._slots(query, template)
        text = re.sub(r"\s+", " ", template.format(**slots)).strip()
        return self._finish(text, template)

    def _pick(self, key: str) -> str:
        return self._rng.choice(self._templates.lists[key])

    def _template(self, query: DemoQuery) -> str:
        label = (query.table.label,)
        if query.kind == "label":
            own = query.select[0].option("ask") if len(query.select) == 1 else None
            return own if own and self._rng.chance(0.5) else self._pick("label")
        if query.kind == "all":
            of_label = len(query.conditions) == 1 and query.conditions[0].column == query.table.label
            return self._pick("all_label" if of_label else "all")
        if query.kind == "distinct":
            return self._pick("distinct")
        if query.kind == "count":
            return self._pick(
                "count_different" if query.select else "count" if query.conditions else "count_all"
            )
        if query.kind == "aggregate":
            return self._pick("aggregate" if query.conditions else "aggregate_all")
        if query.order is not None:
            order = query.order
            option = "hi" if order.descending else "lo"
            adjective = order.column.option(option) if self._rng.chance(0.5) else None
            key = "top_one" if order.limit == 1 else "top_many"
            key += "_adj" if adjective else ""
            return self._pick(key + ("" if query.select == label else "_cols"))
        if query.select == label and not query.linked and self._rng.chance(0.5):
            return self._pick("which")
        return self._pick("where")

    def _slots(self, query: DemoQuery, template: str) -> dict[str, str]:
        table = query.table
        names = [self._name(column) for column in query.select]
        several = len(names) > 1 or (bool(names) and is_plural(names[0]))
        slots = {
            "O": self._pick("openers"),
            "A": self._pick("askers"),
            "o": self._rng.choice(("show", "list", "give", "return")),
            "cols": self._listed(names),
            "is": "are" if several else "is",
            "item": table.item,
            "items": table.items,
            "table": table.name,
            "v": str(query.conditions[0].value) if query.conditions else "",
            "R": "",
            "C": "",
            "VP": "",
        }
        if query.conditions and "{R}" in template + template.replace("{W}", "{R}"):
            slots["R"] = self._relative_clause(query)
        if "{item} {R}" in template or "{item}{W}" in template:
            slots["R"] = singular_verbs(slots["R"])
        slots["W"] = f" {slots['R']}" if slots["R"] else ""
        if "{C}" in template:
            slots["C"] = self._main_clause(query)
        if "{VP}" in template:
            slots["VP"] = self._verb_phrase(query)
        if query.select:
            slots["c"] = names[0]
            slots["cs"] = pluralize(names[0])
        if query.aggregate in _AGGREGATE_WORDS:
            word = _AGGREGATE_WORDS[query.aggregate]
            slots["agg"] = self._superlative(query.select[0], names[0], word)
        if query.order is not None:
            slots |= self._order_slots(query.order)
        return slots

    def _order_slots(self, order: DemoOrder) -> dict[str, str]:
        column = order.column
        name = self._name(column)
        return {
            "c": name,
            "sup": self._superlative(column, name, "most" if order.descending else "least"),
            "adj": column.option("hi" if order.descending else "lo") or "",
            "k": NUMBER_WORDS[order.limit] if self._rng.chance(0.5) else str(order.limit),
            "dir": _direction(column, order.descending),
        }

    def _superlative(self, column: DemoColumn, name: str, key: str) -> str:
        """Write the lowest, highest, average or total value of a column called `name`; `key` says which."""
        if column.kind == "year" and key not in ("average", "sum"):
            return f"{'latest' if key in ('maximum', 'most') else 'earliest'} {name}"
        if key != "sum" and is_countable(name) and self._rng.chance(0.7):
            name = f"number of {name}"
        return self._pick(key).format(c=name)

    def _name(self, column: DemoColumn) -> str:
        """Return what this question calls a column, the same throughout."""
        if column.name not in self._names:
            synonym = column.synonyms and self._rng.chance(_SYNONYM_PROBABILITY)
            self._names[column.name] = self._rng.choice(column.synonyms) if synonym else column.phrase
        return self._names[column.name]

    def _listed(self, names: list[str]) -> str:
        if len(names) < 2:
            return "".join(names)
        return self._pick("lists").format(x=", ".join(names[:-1]), y=names[-1])

    def _by_phrase(self, condition: DemoCondition) -> str | None:
        """Write a condition without its column's name, such as "directed by Ann Lee", if it can be."""
        by = condition.column.option("by")
        if by is None or condition.op != "=" or not self._rng.chance(_BY_PROBABILITY):
            return None
        return by.format(v=self._value(condition))

    def _relative_clause(self, query: DemoQuery) -> str:
        """Write the conditions after a noun: "whose age is over 30"."""
        first, *rest = query.conditions
        if query.linked:
            assert query.table.via is not None
            link = query.table.via.phrase
            parts = self._parts(first, "")
            return self._pick("joined").format(link=link, a_link=with_article(link), **parts)
        by = self._by_phrase(first)
        if rest:
            second = self._parts(rest[0], "2")
            if by:
                return self._pick("natural_two").format(N=by, **second)
            return self._pick("relative_two").format(**self._parts(first, ""), **second)
        return by or self._pick("relative").format(**self._parts(first, ""))

    def _main_clause(self, query: DemoQuery) -> str:
        """Write the conditions as main clauses: "the age is over 30"."""
        first, *rest = query.conditions
        if query.linked:
            assert query.table.via is not None
            return f"the {query.table.via.phrase}'s {self._parts(first, '')['S']}"
        if rest:
            return self._pick("clause_two").format(**self._parts(first, ""), **self._parts(rest[0], "2"))
        return self._pick("clause").format(**self._parts(first, ""))

    def _verb_phrase(self, query: DemoQuery) -> str:
        """Write the conditions as a verb with its object: "have an age over 30"."""
        first, *rest = query.conditions
        by = self._by_phrase(first)
        if by and rest:
            return self._pick("verb_natural_two").format(N=by, **self._parts(rest[0], "2"))
        if by:
            return f"are {by}"
        if rest:
            return self._pick("verb_two").format(**self._parts(first, ""), **self._parts(rest[0], "2"))
        return self._pick("verb").format(**self._parts(first, ""))

    def _parts(self, condition: DemoCondition, number: str) -> dict[str, str]:
        """Write one condition as a clause and as a noun phrase: the slots S and P, followed by `number`."""
        column, name = condition.column, self._name(condition.column)
        key = f"year{condition.op}" if column.kind == "year" and condition.op != "=" else condition.op
        slots = {"c": name, "a": with_article(name), "be": "are" if is_plural(name) else "is"}
        counted = not column.is_text and is_countable(name)
        slots["v"] = str(condition.value) if counted else self._value(condition)
        clauses, phrases = self._templates.groups["clauses"], self._templates.groups["phrases"]
        return {
            f"S{number}": self._rng.choice(clauses[key]).format(**slots),
            f"P{number}": self._rng.choice(phrases[f"many{key}" if counted else key]).format(**slots),
        }

    def _value(self, condition: DemoCondition) -> str:
        if isinstance(condition.value, str):
            if "'" not in condition.value and self._rng.chance(0.08):
                return self._rng.choice(('"{}"', "'{}'")).format(condition.value)
            return condition.value
        unit = condition.column.option("unit")
        if unit and self._rng.chance(0.3):
            return f"{condition.value} {unit}"
        return str(condition.value)

    def _finish(self, text: str, template: str) -> str:
        """Add what people write before and after a question, and its first letter and last mark."""
        text = text.rstrip("?. ")
        starts_with_value = template.startswith("{v}")
        if "tails" in self._templates.lists and self._rng.chance(0.07):
            text += self._pick("tails")
        if "leads" in self._templates.lists and self._rng.chance(0.12):
            text = text if starts_with_value else text[0].lower() + text[1:]
            return self._pick("leads") + self._with_end_mark(text, template)
        text = self._with_end_mark(text, template)
        return text if starts_with_value or self._rng.chance(0.06) else text[0].upper() + text[1:]

    def _with_end_mark(self, text: str, template: str) -> str:
        # Not everyone ends a sentence with a full stop or a question mark.
        if self._rng.chance(0.88):
            asks = template.endswith("?") or _QUESTION_START.match(text.lower()) is not None
            text += "?" if asks else "."
        return text


def _direction(column: DemoColumn, descending: bool) -> str:
    low, high = ("early", "late") if column.kind == "year" else ("low", "high")
    return f"{high} to {low}" if descending else f"{low} to {high}"
