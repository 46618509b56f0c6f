"""Questions for the demo's queries, put in the words of one split (`phrasings.toml`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from t2sql.data.demo.conditions import Condition
from t2sql.data.demo.domains import Field
from t2sql.data.demo.queries import Query
from t2sql.data.rng import Rng

_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ASKING = re.compile(
    r"(what|which|who|how|when|where|can|could|would|do|does|did|are|is|in how|in the case|for .*, what"
    r"|regarding|considering|looking|given|going|among|out of|of the|when it)\b"
)
_WORDS = {"AVG": "average", "MAX": "maximum", "MIN": "minimum", "SUM": "sum"}
SYNONYM_SHARE = 0.04
"""How often a column is called by another word than its name."""

BY_SHARE = 0.3
"""How often a condition does not name its column, where one can tell: "directed by Ann Lee"."""


@cache
def frames(split: str) -> dict[str, Any]:
    text = files(__package__).joinpath("phrasings.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[split])


@dataclass
class Voice:
    """Puts one query as a question; every choice is drawn from `rng`."""

    rng: Rng
    split: str

    def ask(self, query: Query, elsewhere: tuple[str, ...] = ()) -> str:
        """The question, in one of the many ways of this split.

        `elsewhere`: how the columns of the database's other table are called. A question that uses
        such a name also says which table it means.
        """
        self.called: dict[str, str] = {}
        fields = {*query.select, *(condition.field for condition in query.conditions)}
        shared = any(field.phrase in elsewhere for field in fields)
        frame = self._frame(query)
        while shared and not re.search(r"\{(items?|table|v)\}", frame):
            frame = self._frame(query)
        slots = self._slots(query, frame)
        text = re.sub(r"\s+", " ", frame.format(**slots)).strip()
        return self._finish(text, frame)

    def _pick(self, key: str) -> str:
        choices = frames(self.split)[key]
        return str(self.rng.choice(choices))

    def _frame(self, query: Query) -> str:
        label = (query.table.label,)
        if query.kind == "label":
            own = query.select[0].option("ask") if len(query.select) == 1 else None
            return own if own and self.rng.chance(0.5) else self._pick("label")
        if query.kind == "all":
            of_label = len(query.conditions) == 1 and query.conditions[0].field == query.table.label
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
            field, descending, limit = query.order
            adjective = field.option("hi" if descending else "lo") if self.rng.chance(0.5) else None
            key = "top_one" if limit == 1 else "top_many"
            key += "_adj" if adjective else ""
            return self._pick(key + ("" if query.select == label else "_cols"))
        if query.select == label and not query.linked and self.rng.chance(0.5):
            return self._pick("which")
        return self._pick("where")

    def _slots(self, query: Query, frame: str) -> dict[str, str]:
        table = query.table
        names = [self._name(field) for field in query.select]
        many = len(names) > 1 or (bool(names) and _plural(names[0]))
        slots = {
            "O": self._pick("openers"),
            "A": self._pick("askers"),
            "o": self.rng.choice(("show", "list", "give", "return")),
            "cols": self._listed(names),
            "is": "are" if many else "is",
            "item": table.item,
            "items": table.items,
            "table": table.name,
            "v": str(query.conditions[0].value) if query.conditions else "",
            "R": "",
            "C": "",
            "VP": "",
        }
        if query.conditions and "{R}" in frame + frame.replace("{W}", "{R}"):
            slots["R"] = self._relative(query)
        if "{item} {R}" in frame or "{item}{W}" in frame:
            slots["R"] = _singular(slots["R"])
        slots["W"] = f" {slots['R']}" if slots["R"] else ""
        if "{C}" in frame:
            slots["C"] = self._clause(query)
        if "{VP}" in frame:
            slots["VP"] = self._verb(query)
        if query.select:
            slots["c"] = names[0]
            slots["cs"] = pluralize(names[0])
        if query.aggregate in _WORDS:
            slots["agg"] = self._superlative(query.select[0], names[0], _WORDS[query.aggregate])
        if query.order is not None:
            field, descending, limit = query.order
            word = self._name(field)
            slots["c"] = word
            slots["sup"] = self._superlative(field, word, "most" if descending else "least")
            slots["adj"] = field.option("hi" if descending else "lo") or ""
            slots["k"] = _NUMBERS[limit] if self.rng.chance(0.5) else str(limit)
            slots["dir"] = self._direction(field, descending)
        return slots

    def _superlative(self, field: Field, word: str, key: str) -> str:
        if field.kind == "year" and key not in ("average", "sum"):
            return f"{'latest' if key in ('maximum', 'most') else 'earliest'} {word}"
        if key != "sum" and _counts(word) and self.rng.chance(0.7):
            word = f"number of {word}"
        return self._pick(key).format(c=word)

    def _direction(self, field: Field, descending: bool) -> str:
        low, high = ("early", "late") if field.kind == "year" else ("low", "high")
        return f"{high} to {low}" if descending else f"{low} to {high}"

    def _name(self, field: Field) -> str:
        """What this question calls a column, the same throughout."""
        if field.name not in self.called:
            use = field.synonyms and self.rng.chance(SYNONYM_SHARE)
            self.called[field.name] = self.rng.choice(field.synonyms) if use else field.phrase
        return self.called[field.name]

    def _listed(self, names: list[str]) -> str:
        if len(names) < 2:
            return "".join(names)
        return self._pick("lists").format(x=", ".join(names[:-1]), y=names[-1])

    def _natural(self, condition: Condition) -> str | None:
        by = condition.field.option("by")
        if by is None or condition.op != "=" or not self.rng.chance(BY_SHARE):
            return None
        return by.format(v=self._value(condition))

    def _relative(self, query: Query) -> str:
        first, *rest = query.conditions
        if query.linked:
            assert query.table.via is not None
            link = query.table.via.phrase
            parts = self._parts(first, "")
            return self._pick("joined").format(link=link, a_link=_with_article(link), **parts)
        natural = self._natural(first)
        if rest:
            second = self._parts(rest[0], "2")
            if natural:
                return self._pick("natural_two").format(N=natural, **second)
            return self._pick("relative_two").format(**self._parts(first, ""), **second)
        return natural or self._pick("relative").format(**self._parts(first, ""))

    def _clause(self, query: Query) -> str:
        first, *rest = query.conditions
        if query.linked:
            assert query.table.via is not None
            return f"the {query.table.via.phrase}'s {self._parts(first, '')['S']}"
        if rest:
            return self._pick("clause_two").format(**self._parts(first, ""), **self._parts(rest[0], "2"))
        return self._pick("clause").format(**self._parts(first, ""))

    def _verb(self, query: Query) -> str:
        first, *rest = query.conditions
        natural = self._natural(first)
        if natural and rest:
            return self._pick("verb_natural_two").format(N=natural, **self._parts(rest[0], "2"))
        if natural:
            return f"are {natural}"
        if rest:
            return self._pick("verb_two").format(**self._parts(first, ""), **self._parts(rest[0], "2"))
        return self._pick("verb").format(**self._parts(first, ""))

    def _parts(self, condition: Condition, number: str) -> dict[str, str]:
        """One condition as a clause (S) and as a noun phrase (P)."""
        name = self._name(condition.field)
        key = condition.op
        if condition.field.kind == "year" and key != "=":
            key = f"year{key}"
        slots = {"c": name, "a": _with_article(name), "be": "are" if _plural(name) else "is"}
        known = frames(self.split)
        many = condition.field.kind != "text" and _counts(name)
        value = str(condition.value) if many else self._value(condition)
        return {
            f"S{number}": self.rng.choice(known["clauses"][key]).format(v=value, **slots),
            f"P{number}": self.rng.choice(known["phrases"][f"many{key}" if many else key]).format(
                v=value, **slots
            ),
        }

    def _value(self, condition: Condition) -> str:
        if isinstance(condition.value, str):
            plain = "'" not in condition.value
            if plain and self.rng.chance(0.08):
                return self.rng.choice(('"{}"', "'{}'")).format(condition.value)
            return condition.value
        unit = condition.field.option("unit")
        if unit and self.rng.chance(0.3):
            return f"{condition.value} {unit}"
        return str(condition.value)

    def _finish(self, text: str, frame: str) -> str:
        text = text.rstrip("?. ")
        known = frames(self.split)
        if "tails" in known and self.rng.chance(0.07):
            text += self._pick("tails")
        if "leads" in known and self.rng.chance(0.12):
            begins = text if frame.startswith("{v}") else text[0].lower() + text[1:]
            return self._pick("leads") + self._ended(begins, frame)
        text = self._ended(text, frame)
        starts_with_value = frame.startswith("{v}")
        return text if starts_with_value or self.rng.chance(0.06) else text[0].upper() + text[1:]

    def _ended(self, text: str, frame: str) -> str:
        # A statement may come without its full stop, and a question without its mark.
        if self.rng.chance(0.88):
            asks = frame.endswith("?") or _ASKING.match(text.lower()) is not None
            text += "?" if asks else "."
        return text


def pluralize(phrase: str) -> str:
    head, of, rest = phrase.partition(" of ")
    if of:
        return pluralize(head) + of + rest
    if _plural(phrase):
        return phrase
    if phrase.endswith("y") and phrase[-2] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + ("es" if phrase.endswith(("s", "x", "ch", "sh")) else "s")


def _plural(phrase: str) -> bool:
    head = re.split(r" (?:of|per|in|won|driven)\b", phrase)[0]
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))


def _counts(phrase: str) -> bool:
    """Whether the phrase names things that are counted, such as "goals" or "vacation days"."""
    return _plural(phrase) and " of " not in phrase and "years" not in phrase


def _singular(relative: str) -> str:
    for plural, singular in (
        ("that have", "that has"),
        ("which have", "which has"),
        ("that show", "that shows"),
    ):
        relative = relative.replace(f"{plural} ", f"{singular} ")
    return relative


def _with_article(phrase: str) -> str:
    if _plural(phrase):
        return phrase
    return f"{'an' if phrase[0] in 'aeio' else 'a'} {phrase}"
