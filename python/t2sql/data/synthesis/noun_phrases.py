"""Rows in words: "French students older than 20 who take Chemistry", "orders placed by Ann Lee"."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.data.synthesis.condition_phrases import ConditionPhrase, ConditionPhrases, Form
from t2sql.data.synthesis.conditions import Comparison
from t2sql.data.synthesis.noun_trees import Node, Step
from t2sql.data.synthesis.profiles import TableProfile
from t2sql.data.synthesis.relations import third_person
from t2sql.data.synthesis.spelling import spelled

_STATEMENTS: tuple[Form, ...] = ("state", "verb", "have")


class NounPhrases:
    """Writes the rows that a question is about."""

    def __init__(self, rng: Rng, conditions: ConditionPhrases) -> None:
        """Draw every choice from `rng`, and write comparisons with `conditions`."""
        self._rng = rng
        self._conditions = conditions

    def rows(self, node: Node, *, one: bool = False, adjective: str = "", skip: int = 0) -> str:
        """Write the rows of a node with all that holds for them.

        Args:
            node: The table.
            one: Write the singular.
            adjective: A superlative or number before the noun.
            skip: So many of the first steps are left out.
        """
        before, after = self._modifiers(node, one, skip)
        noun = node.table.item if one else node.table.items
        return " ".join(part for part in (adjective, *before, noun, after) if part)

    def rest(self, node: Node, *, one: bool = False, skip: int = 0) -> tuple[str, str]:
        """Write what stands before and after the noun."""
        before, after = self._modifiers(node, one, skip)
        return " ".join(before), after

    def predicate(self, node: Node, *, one: bool = False) -> str | None:
        """Write what holds for the rows as a predicate, "are older than 20"; None if it cannot be."""
        parts = []
        for condition in node.conditions:
            phrase = self._conditions.write(condition, node.table, _STATEMENTS)
            if phrase.form == "whose":
                return None
            parts.append(self._predicate(phrase, one))
        parts += [self._step_predicate(step, one) for step in node.steps]
        return " and ".join(parts) if parts else None

    def _modifiers(self, node: Node, one: bool, skip: int) -> tuple[list[str], str]:
        before: list[str] = []
        phrases: list[ConditionPhrase] = []
        for condition in node.conditions:
            phrase = self._conditions.write(condition, node.table)
            if phrase.form == "before" and before:
                phrase = self._conditions.write(condition, node.table, ("state", "verb", "have", "whose"))
            if phrase.form == "before":
                before.append(phrase.text)
            else:
                phrases.append(phrase)
        who = self._pronoun(node.table)
        after = [self._modifier(phrase, who, one, first=not index) for index, phrase in enumerate(phrases)]
        steps = [self._step(step, who, one) for step in node.steps[skip:]]
        if len(phrases) > 1 and all(phrase.form != "whose" for phrase in phrases) and self._rng.chance(0.5):
            after = [f"{who} {' and '.join(self._predicate(phrase, one) for phrase in phrases)}"]
        return before, " and ".join([*after, *steps])

    def _pronoun(self, table: TableProfile) -> str:
        return self._rng.choice(("who", "who", "that") if table.is_person else ("that", "that", "which"))

    def _modifier(self, phrase: ConditionPhrase, who: str, one: bool, first: bool) -> str:
        if phrase.form == "whose":
            return f"whose {phrase.text}"
        if phrase.form == "have" and self._rng.chance(0.65):
            no, _, rest = phrase.text.partition(" ")
            return f"without {rest}" if no == "no" else f"with {phrase.text}"
        if phrase.form == "state" and first and not phrase.negated and self._rng.chance(0.6):
            return phrase.text
        return f"{who} {self._predicate(phrase, one)}"

    def _predicate(self, phrase: ConditionPhrase, one: bool) -> str:
        if phrase.form == "state":
            return f"{'is' if one else 'are'} {'not ' if phrase.negated else ''}{phrase.text}"
        if phrase.form == "verb" and phrase.negated:
            return f"{'does' if one else 'do'} not {phrase.text}"
        verb = phrase.text if phrase.form == "verb" else f"have {phrase.text}"
        return third_person(verb) if one else verb

    def label_value(self, node: Node) -> str | None:
        """Return the value if all that is said of a node's rows is what they are called; else None."""
        if len(node.conditions) != 1 or node.steps:
            return None
        condition = node.conditions[0]
        is_label = isinstance(condition, Comparison) and condition.column == node.table.label
        if not is_label or condition.op != "=" or not isinstance(condition, Comparison):
            return None
        return spelled(self._rng, condition, condition.values[0])

    def _others(self, node: Node, negated: bool = False) -> str:
        """Write the rows that a step leads to, as an object."""
        value = self.label_value(node)
        item = node.table.item
        if value is not None:
            forms = (value, value, f"the {item} {value}", f"{item} {value}", f"the {item} named {value}")
            return self._rng.choice(forms)
        if negated:
            if self._rng.chance(0.35):
                return f"a single {self.rows(node, one=True)}"
            return f"any {self.rows(node)}"
        if self._rng.chance(0.15):
            return f"at least one {self.rows(node, one=True)}"
        return self.rows(node) if self._rng.chance(0.93) else f"some {self.rows(node)}"

    def _step(self, step: Step, who: str, one: bool) -> str:
        """Write a step as a modifier after the noun."""
        words = step.words
        if step.negated:
            none = self._rng.chance(0.45) and (words.verb == "have" or not step.forward)
            if step.forward and none:
                others = self.label_value(step.node) or self.rows(step.node)
                return self._rng.choice(
                    (
                        f"without {others}",
                        f"without any {self.rows(step.node)}",
                        f"with no {self.rows(step.node)}",
                    )
                )
            return f"{who} {self._step_predicate(step, one)}"
        if step.role:
            return self._whose(step, step.role)
        if step.forward:
            if words.verb == "have" and self._rng.chance(0.4):
                return f"with {self._others(step.node)}"
            return f"{who} {self._step_predicate(step, one)}"
        if not words.after_is_verb and self._rng.chance(0.65):
            return f"{words.after} {self._others(step.node)}"
        if self._rng.chance(0.4):
            return self._whose(step, step.node.table.item)
        return f"{who} {self._step_predicate(step, one)}"

    def _whose(self, step: Step, owner: str) -> str:
        value = self.label_value(step.node)
        if value is not None:
            return f"whose {owner} is {value}"
        statement = self.predicate(step.node, one=True)
        if statement is None:
            if not step.node.conditions:
                return f"with a {owner}"
            condition = step.node.conditions[0]
            return f"whose {owner}'s {self._conditions.whose(condition)}"
        return f"whose {owner} {statement}"

    def _step_predicate(self, step: Step, one: bool) -> str:
        words = step.words
        others = self._others(step.node, step.negated)
        if step.role and not step.forward:
            value = self.label_value(step.node)
            return f"{'has' if one else 'have'} {value or others} as {step.role}"
        if not step.forward and not words.after_is_verb:
            be = "is" if one else "are"
            return f"{be} {'not ' if step.negated else ''}{words.after} {others}"
        verb = words.verb if step.forward else words.after
        past = words.past if step.forward else ""
        if step.negated:
            if past and self._rng.chance(0.6):
                return self._rng.choice((f"did not {verb} {others}", f"never {past} {others}"))
            no = "does not" if one else "do not"
            if verb == "have" and self._rng.chance(0.5) and others.startswith("any "):
                return f"{'has' if one else 'have'} no {others.removeprefix('any ')}"
            return f"{no} {verb} {others}"
        if past and self._rng.chance(0.75):
            return f"{past} {others}"
        return f"{third_person(verb) if one else verb} {others}"
