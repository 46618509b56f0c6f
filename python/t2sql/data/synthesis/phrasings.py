"""Questions for queries, in the words of `phrasings.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from t2sql.data.rng import Rng
from t2sql.data.synthesis.fields import TIMED, Field
from t2sql.data.synthesis.parts import Parts
from t2sql.data.synthesis.queries import Having, Measure, Order, Query
from t2sql.schema import join_phrases, pluralize

_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ASKS = re.compile(r"(what|which|how|can|could|are|for which)\b|.*\?\Z", re.IGNORECASE)


@cache
def frames() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("phrasings.toml").read_text(encoding="utf-8"))


class Voice:
    """Puts one query as a question; every choice is drawn from `rng`."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng

    def ask(self, query: Query) -> str:
        self.parts = Parts(self.rng, frames(), query.scope)
        frame = str(self.rng.choice(frames()[self._frames(query)]))
        text = frame.format(**self._slots(query, frame))
        return self._finished(" ".join(text.split()), frame)

    def _frames(self, query: Query) -> str:
        label = query.select == (query.scope.base.label,)
        if query.form == "filter":
            clauses = not any(isinstance(part, Having) for part in query.where.parts)
            if clauses and self.rng.chance(0.4):
                return "filter_clause"
            return "which" if label and self.rng.chance(0.6) else "filter"
        if query.form == "group_each" and query.measure == Measure("COUNT") and self.rng.chance(0.5):
            return "group_each_count"
        if query.form == "group_top":
            assert query.order is not None
            return "group_top_one" if query.order.limit == 1 else "group_top"
        if query.form in ("top", "top_one"):
            return f"{query.form}_label" if label and self.rng.chance(0.7) else query.form
        return query.form

    def _slots(self, query: Query, frame: str) -> dict[str, str]:
        base = query.scope.base
        names = [self.parts.name(field) for field in query.columns]
        relative = self.parts.relative(query.where) if re.search(r"\{[RWm]|\{cmp|\{best", frame) else ""
        if re.search(r"\{item\}( \{R\}|\{W\})", frame):
            relative = relative.replace("that have ", "that has ").replace("that are ", "that is ")
        slots = {
            "O": self.rng.choice(frames()["openers"]),
            "o": self.rng.choice(frames()["inner"]),
            "item": base.item,
            "items": base.items,
            "table": base.name,
            "cols": join_phrases(names, self.rng.choice(("and", "and", "and the"))) if names else "",
            "is": "are" if len(names) > 1 else "is",
            "R": relative,
            "W": f" {relative}" if relative else "",
            "C": self.parts.clauses(query.where) if "{C}" in frame else "",
        }
        if names:
            slots |= {"c": names[0], "cs": pluralize(names[0])}
        measure = query.measure
        if measure is not None and measure.field is not None:
            word = self.parts.name(measure.field)
            slots |= {"c": word, "cs": pluralize(word), "agg": self._measured(measure)}
        if query.group is not None:
            slots |= self._grouped(query, slots)
        elif query.order is not None:
            slots |= self._ordered(query.order)
        return slots

    def _measured(self, measure: Measure) -> str:
        """ "average price", "latest order date"; for different values, their number."""
        assert measure.field is not None
        word = self.parts.name(measure.field)
        key = measure.function
        if measure.field.role in TIMED and key in ("MAX", "MIN"):
            key = "latest" if key == "MAX" else "earliest"
        choices = frames()["measures"].get(key, ["number of different {c}"])
        if key == "SUM" and word.startswith("total"):
            choices = ["sum of the {c}"]
        return str(self.rng.choice(choices)).format(c=word)

    def _grouped(self, query: Query, slots: dict[str, str]) -> dict[str, str]:
        assert query.group is not None
        group = self.parts.name(query.group)
        owner = self.parts.owner(query.group)
        if owner and self.rng.chance(0.7):
            group = owner
        items = slots["items"] + slots["W"]
        measure = query.order.by if query.order is not None else query.measure
        many = f"number of {items}"
        if isinstance(measure, Measure) and measure.field is not None:
            many = f"{self._measured(measure)} of {items}"
        out = {"g": group, "gs": pluralize(group), "m": many}
        if query.having is not None:
            out["cmp"] = self._compared(query, slots)
        if query.order is not None:
            out["dir"] = self._direction(query.order, None)
            out["k"] = self._number(query.order.limit or 1)
            most = "most" if query.order.descending else "fewest"
            sign = "highest" if query.order.descending else "lowest"
            out["best"] = f"{most} {items}" if many.startswith("number") else f"{sign} {many}"
        return out

    def _compared(self, query: Query, slots: dict[str, str]) -> str:
        assert query.having is not None
        _, op, number = query.having
        words = {">": ("more than", "over"), ">=": ("at least",), "<": ("fewer than", "less than")}[op]
        items = slots["item"] if number == 1 else slots["items"]
        return f"{self.rng.choice(words)} {self._number(number)} {items}{slots['W']}"

    def _ordered(self, order: Order) -> dict[str, str]:
        assert isinstance(order.by, Field)
        word = self.parts.name(order.by)
        best = self._measured(Measure("MAX" if order.descending else "MIN", order.by))
        return {
            "c": word,
            "sup": best,
            "k": self._number(order.limit or 1),
            "dir": self._direction(order, order.by),
        }

    def _direction(self, order: Order, field: Field | None) -> str:
        if field is not None and field.role in TIMED and self.rng.chance(0.6):
            words = ("latest first", "from latest to earliest", "newest first")
            return self.rng.choice(
                words if order.descending else ("earliest first", "from earliest to latest", "oldest first")
            )
        down = ("in descending order", "from highest to lowest", "highest first", "descending")
        up = ("in ascending order", "from lowest to highest", "lowest first", "ascending")
        return self.rng.choice(down if order.descending else up)

    def _number(self, number: int) -> str:
        return _NUMBERS[number] if number < len(_NUMBERS) and self.rng.chance(0.5) else str(number)

    def _finished(self, text: str, frame: str) -> str:
        asks = _ASKS.match(text) is not None
        text = text.rstrip("?. ")
        # Not everyone ends a sentence, or begins it with a capital.
        if self.rng.chance(0.85):
            text += "?" if asks else "."
        return text if self.rng.chance(0.08) else text[0].upper() + text[1:]
