"""Questions for queries, in the wordings of `templates.toml`."""

from __future__ import annotations

import re
from functools import cache

from t2sql.data.rng import Rng
from t2sql.data.synthesis.phrase_writer import PhraseWriter
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile
from t2sql.data.synthesis.query import Aggregate, GroupCondition, OrderBy, Query, RelatedRows, Scope
from t2sql.data.templates import NUMBER_WORDS, Templates, read_toml
from t2sql.schema import join_phrases, pluralize

_QUESTION = re.compile(r"(what|which|how|can|could|are|for which)\b|.*\?\Z", re.IGNORECASE)


@cache
def templates() -> Templates:
    """Return the wordings of questions and of their parts."""
    return Templates.from_toml(read_toml("t2sql.data.synthesis", "templates.toml"))


class QuestionWriter:
    """Writes one query as a question."""

    def __init__(self, rng: Rng, scope: Scope) -> None:
        """Write about the tables of `scope`, and draw every choice from `rng`."""
        self._rng = rng
        self._templates = templates()
        self._phrases = PhraseWriter(rng, self._templates, scope)

    def write(self, query: Query) -> str:
        """Return a question for a query."""
        template = self._rng.choice(self._templates.lists[self._template_name(query)])
        text = template.format(**self._slots(query, template))
        return self._finished(" ".join(text.split()), template)

    def _template_name(self, query: Query) -> str:
        label = query.select == (query.scope.base.label,)
        if query.shape == "filter":
            clauses = not any(isinstance(part, RelatedRows) for part in query.where.conditions)
            if clauses and self._rng.chance(0.4):
                return "filter_clause"
            return "which" if label and self._rng.chance(0.6) else "filter"
        if query.shape == "group_each" and query.aggregate == Aggregate("COUNT") and self._rng.chance(0.5):
            return "group_each_count"
        if query.shape == "group_top":
            assert query.order is not None
            return "group_top_one" if query.order.limit == 1 else "group_top"
        if query.shape in ("top", "top_one"):
            return f"{query.shape}_label" if label and self._rng.chance(0.7) else query.shape
        return query.shape

    def _slots(self, query: Query, template: str) -> dict[str, str]:
        base = query.scope.base
        names = [self._phrases.name(column) for column in query.columns]
        relative = self._phrases.relative(query.where) if re.search(r"\{[RWm]|\{cmp|\{best", template) else ""
        if re.search(r"\{item\}( \{R\}|\{W\})", template):
            relative = relative.replace("that have ", "that has ").replace("that are ", "that is ")
        slots = {
            "O": self._rng.choice(self._templates.lists["openers"]),
            "o": self._rng.choice(self._templates.lists["inner"]),
            "item": base.item,
            "items": base.items,
            "table": base.name,
            "cols": join_phrases(names, self._rng.choice(("and", "and", "and the"))) if names else "",
            "is": "are" if len(names) > 1 else "is",
            "R": relative,
            "W": f" {relative}" if relative else "",
            "C": self._phrases.clauses(query.where) if "{C}" in template else "",
        }
        if names:
            slots |= {"c": names[0], "cs": pluralize(names[0])}
        aggregate = query.aggregate
        if aggregate is not None and aggregate.column is not None:
            word = self._phrases.name(aggregate.column)
            slots |= {"c": word, "cs": pluralize(word), "agg": self._measured(aggregate)}
        if query.group is not None:
            slots |= self._grouped(query, slots)
        elif query.order is not None:
            slots |= self._ordered(query.order)
        return slots

    def _measured(self, aggregate: Aggregate) -> str:
        """Write what is aggregated, such as "average price" or "latest order date"."""
        assert aggregate.column is not None
        word = self._phrases.name(aggregate.column)
        key = aggregate.function
        if aggregate.column.role in TEMPORAL_ROLES and key in ("MAX", "MIN"):
            key = "latest" if key == "MAX" else "earliest"
        choices = self._templates.groups["measures"].get(key, ["number of different {c}"])
        if key == "SUM" and word.startswith("total"):
            choices = ["sum of the {c}"]
        return self._rng.choice(choices).format(c=word)

    def _grouped(self, query: Query, slots: dict[str, str]) -> dict[str, str]:
        assert query.group is not None
        group = self._phrases.name(query.group)
        owner = self._phrases.owner(query.group)
        if owner and self._rng.chance(0.7):
            group = owner
        items = slots["items"] + slots["W"]
        aggregate = query.order.by if query.order is not None else query.aggregate
        many = f"number of {items}"
        if isinstance(aggregate, Aggregate) and aggregate.column is not None:
            many = f"{self._measured(aggregate)} of {items}"
        out = {"g": group, "gs": pluralize(group), "m": many}
        if query.having is not None:
            out["cmp"] = self._compared(query.having, slots)
        if query.order is not None:
            out["dir"] = self._direction(query.order, None)
            out["k"] = self._number(query.order.limit or 1)
            most = "most" if query.order.descending else "fewest"
            sign = "highest" if query.order.descending else "lowest"
            out["best"] = f"{most} {items}" if many.startswith("number") else f"{sign} {many}"
        return out

    def _compared(self, having: GroupCondition, slots: dict[str, str]) -> str:
        words = {">": ("more than", "over"), ">=": ("at least",), "<": ("fewer than", "less than")}[having.op]
        items = slots["item"] if having.number == 1 else slots["items"]
        return f"{self._rng.choice(words)} {self._number(having.number)} {items}{slots['W']}"

    def _ordered(self, order: OrderBy) -> dict[str, str]:
        assert isinstance(order.by, ColumnProfile)
        word = self._phrases.name(order.by)
        best = self._measured(Aggregate("MAX" if order.descending else "MIN", order.by))
        return {
            "c": word,
            "sup": best,
            "k": self._number(order.limit or 1),
            "dir": self._direction(order, order.by),
        }

    def _direction(self, order: OrderBy, column: ColumnProfile | None) -> str:
        if column is not None and column.role in TEMPORAL_ROLES and self._rng.chance(0.6):
            words = ("latest first", "from latest to earliest", "newest first")
            return self._rng.choice(
                words if order.descending else ("earliest first", "from earliest to latest", "oldest first")
            )
        down = ("in descending order", "from highest to lowest", "highest first", "descending")
        up = ("in ascending order", "from lowest to highest", "lowest first", "ascending")
        return self._rng.choice(down if order.descending else up)

    def _number(self, number: int) -> str:
        return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) and self._rng.chance(0.5) else str(number)

    def _finished(self, text: str, template: str) -> str:
        asks = _QUESTION.match(text) is not None
        text = text.rstrip("?. ")
        # Not everyone ends a sentence, or begins it with a capital.
        if self._rng.chance(0.85):
            text += "?" if asks else "."
        return text if self._rng.chance(0.08) else text[0].upper() + text[1:]
