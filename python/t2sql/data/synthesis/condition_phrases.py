"""A comparison in the words that people have for it: "older than 30", "live in Paris", "red"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from t2sql.data.rng import Rng
from t2sql.data.synthesis.conditions import AverageComparison, Comparison, RowComparison
from t2sql.data.synthesis.lexicon import ColumnWords, column_words
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile, TableProfile
from t2sql.data.synthesis.spelling import is_countable, spelled, with_article
from t2sql.data.templates import Templates
from t2sql.schema import join_phrases

Form: TypeAlias = Literal["before", "state", "verb", "have", "whose"]
"""Where a phrase stands. Of students: "French", before the noun; "older than 30", a state; "live in Paris", a
verb in the base form; "an age over 30", what they have; "age is over 30", after "whose"."""

_WEIGHTS: dict[Form, float] = {"before": 6, "state": 6, "verb": 6, "have": 3, "whose": 1.2}


@dataclass(frozen=True)
class ConditionPhrase:
    """A condition in words.

    Attributes:
        form: Where the text stands.
        text: The text.
        negated: Whether the condition is that it does not hold; not for "have" and "whose".
    """

    form: Form
    text: str
    negated: bool = False


class ConditionPhrases:
    """Puts the comparisons of one question into words."""

    def __init__(self, rng: Rng, templates: Templates, name: Callable[[ColumnProfile], str]) -> None:
        """Prepare to write.

        Args:
            rng: The source of random choices.
            templates: The wordings of comparisons.
            name: Returns what the question calls a column.
        """
        self._rng = rng
        self._templates = templates
        self._name = name

    def write(
        self,
        condition: Comparison | AverageComparison | RowComparison,
        table: TableProfile,
        forms: tuple[Form, ...] = ("before", "state", "verb", "have", "whose"),
    ) -> ConditionPhrase:
        """Put a comparison into words; in the form "whose" if it has none of `forms`."""
        phrases: dict[Form, list[ConditionPhrase]] = {}
        for phrase in self._all(condition, table):
            if phrase.form in forms:
                phrases.setdefault(phrase.form, []).append(phrase)
        if not phrases:
            return ConditionPhrase("whose", self.whose(condition))
        weights: dict[str, float] = {form: _WEIGHTS[form] for form in phrases}
        form = self._rng.weighted_choice(weights)
        return self._rng.choice(next(found for key, found in phrases.items() if key == form))

    def whose(self, condition: Comparison | AverageComparison | RowComparison) -> str:
        """Write a condition as a clause without its article: "age is over 30"."""
        name = self._name(condition.column)
        if condition.column.role == "number" and is_countable(name):
            name = f"number of {name}"
        if isinstance(condition, AverageComparison):
            choices = self._templates.groups["predicates"]["above" if condition.op == ">" else "below"]
            return f"{name} {self._rng.choice(choices).format(c=name)}"
        if isinstance(condition, RowComparison):
            sign = "higher" if condition.op == ">" else "lower"
            return f"{name} is {sign} than that of {condition.value}"
        group, key = self._group(condition, "predicates")
        return f"{name} {self._filled(self._rng.choice(group[key]), condition)}"

    def _all(
        self, condition: Comparison | AverageComparison | RowComparison, table: TableProfile
    ) -> Iterator[ConditionPhrase]:
        yield ConditionPhrase("whose", self.whose(condition))
        column = condition.column
        words = column_words(column.phrase, column.role, table.is_person)
        if isinstance(condition, Comparison):
            yield from self._had(condition)
            yield from self._flag(condition)
            if column.role in TEMPORAL_ROLES:
                yield from self._when(condition, words)
                return
            values = [spelled(self._rng, condition, value) for value in condition.values]
            value = join_phrases(values, "or") if values else ""
        elif isinstance(condition, AverageComparison):
            value = self._rng.choice(("average", "the average", f"the average {table.item}"))
        else:
            value = condition.value
        yield from self._worded(condition, words, value)

    def _worded(
        self, condition: Comparison | AverageComparison | RowComparison, words: ColumnWords, value: str
    ) -> Iterator[ConditionPhrase]:
        """Write it with the words of the lexicon."""
        op = condition.op
        states: tuple[str, ...] = ()
        verbs: tuple[str, ...] = ()
        if op in (">", "<"):
            states, verbs = (words.more, words.more_verbs) if op == ">" else (words.less, words.less_verbs)
            if not isinstance(condition, Comparison):
                states = tuple(state for state in states if " than {v}" in state and state.endswith("{v}"))
                verbs = tuple(verb for verb in verbs if verb.endswith(" than {v}"))
        elif op in ("=", "IN", "<>"):
            states, verbs = words.equal, words.equal_verbs
        negated = op == "<>"
        name = self._name(condition.column)
        for state in states:
            yield ConditionPhrase("state", state.format(v=value, c=name), negated)
        for verb in verbs:
            yield ConditionPhrase("verb", verb.format(v=value, c=name), negated)
        if words.before and op in ("=", "IN"):
            yield ConditionPhrase("before", self._adjective(value))

    def _adjective(self, value: str) -> str:
        plain = value.istitle() and " " not in value and self._rng.chance(0.1)
        return value.lower() if plain else value

    def _had(self, condition: Comparison) -> Iterator[ConditionPhrase]:
        """Write what a row has: "an age over 30", "more than 5 goals", "no phone number"."""
        column = condition.column
        name = self._name(column)
        if column.role == "flag":
            return
        if condition.op in ("IS NULL", "IS NOT NULL"):
            yield ConditionPhrase("have", f"{'no' if condition.op == 'IS NULL' else 'a known'} {name}")
            return
        if column.role in TEMPORAL_ROLES:
            return
        if column.role == "number" and is_countable(name):
            choices = self._templates.groups["counted"].get(condition.op, [])
            for text in choices:
                yield ConditionPhrase("have", self._filled(text, condition, c=name))
            return
        group, key = self._group(condition, "short")
        for text in group.get(key, []):
            yield ConditionPhrase("have", f"{with_article(name)} {self._filled(text, condition)}")

    def _flag(self, condition: Comparison) -> Iterator[ConditionPhrase]:
        """Write a flag called "is active": "active" or "not active"."""
        column = condition.column
        first, *rest = column.phrase.split(" ")
        if column.role != "flag" or not rest or condition.op not in ("=", "<>"):
            return
        holds = (condition.values[0] == 1) == (condition.op == "=")
        if first in ("is", "are", "was"):
            yield ConditionPhrase(
                "before" if holds and len(rest) == 1 else "state", " ".join(rest), not holds
            )
        elif first == "has":
            yield ConditionPhrase("have", f"{'a' if holds else 'no'} {' '.join(rest)}")

    def _when(self, condition: Comparison, words: ColumnWords) -> Iterator[ConditionPhrase]:
        """Write when something happened: "founded after 1990", "born on 3 May 1990"."""
        group, key = self._group(condition, "when")
        day = condition.column.role != "year" and key != "start"
        for text in group.get(f"day{key}" if day else key, []):
            when = self._filled(text, condition)
            if words.participle:
                yield ConditionPhrase("state", f"{words.participle} {when}")
            elif condition.column.phrase in ("year", "date"):
                year = key == "=" and not day
                yield ConditionPhrase("state", f"from {when.removeprefix('in ')}" if year else when)

    def _group(self, condition: Comparison, name: str) -> tuple[dict[str, list[str]], str]:
        """Return a group of wordings, and the key of the comparison in it."""
        groups = self._templates.groups
        key = condition.op
        if key == "LIKE":
            pattern = str(condition.values[0])
            key = "start" if not pattern.startswith("%") else "in" if pattern.endswith("%") else "end"
        timed = condition.column.role in TEMPORAL_ROLES
        if timed and name == "predicates" and key in groups["dates"]:
            name = "dates"
        return {op: list(texts) for op, texts in groups[name].items()}, key

    def _filled(self, text: str, condition: Comparison, **slots: str) -> str:
        values = [spelled(self._rng, condition, value) for value in condition.values]
        slots |= {"v": values[0] if values else "", "w": values[1] if len(values) > 1 else ""}
        return text.format(**slots, vs=join_phrases(values, "or") if values else "")
