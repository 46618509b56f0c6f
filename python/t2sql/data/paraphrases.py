"""Paraphrases of training lines: other orders of columns, letter case of values and openings of questions.

A paraphrase depends on the seed, the line and the paraphrase's index alone. Paraphrase 0 is the line itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from t2sql.data.example import Example
from t2sql.data.prompting import parsed_if_ours
from t2sql.prompt import render_prompt
from t2sql.schema import Schema, Table

WAYS = ("columns", "case", "opening")
"""What a paraphrase may change; see `paraphrase`."""

_STRING = re.compile(r"'((?:[^']|'')+)'")

_WHAT_OPENINGS = ("What is the ", "Name the ", "Tell me the ", "Give the ", "Show the ", "I want the ")
_OPENINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:what is|what's|name|tell me|give me|give|show me|show|list|i want) the ", _WHAT_OPENINGS),
    (r"(?:what was) the ", ("What was the ", "Tell me what was the ", "Say what was the ")),
    (r"(?:what are) the ", ("What are the ", "List the ", "Name the ", "Tell me the ", "Show the ")),
    (r"(?:what were) the ", ("What were the ", "Tell me what were the ", "Say what were the ")),
    (r"how many ", ("How many ", "Tell me how many ", "Say how many ", "I want to know how many ")),
    (r"which ", ("Which ", "Tell me which ", "Say which ", "I want to know which ")),
    (r"who ", ("Who ", "Tell me who ", "Say who ", "I want to know who ")),
    (r"when ", ("When ", "Tell me when ", "Say when ")),
    (r"where ", ("Where ", "Tell me where ", "Say where ")),
)
"""A question whose beginning matches the pattern may begin in any of these ways instead."""


def paraphrase(example: Example, ways: Collection[str], index: int, seed: int) -> Example:
    """Return a paraphrase of a training line. A line whose prompt is none of ours is returned unchanged.

    Args:
        example: The training line.
        ways: What may change. `columns` reorders the columns of each table, in the same way for all examples
            of a schema. `case` changes the letter case of values that occur in the question, in question and
            answer alike; the meaning stays the same where comparisons ignore letter case. `opening` begins
            the question in another usual way.
        index: Which paraphrase: 0 is the line itself.
        seed: The seed of the random choices.
    """
    if index == 0:
        return example
    parsed = parsed_if_ours(example.prompt)
    if parsed is None:
        return example
    schema, question = parsed.schema, parsed.question
    completion = example.completion
    rng = random.Random(f"t2sql/{seed}/{index}/{example.id}")
    if "case" in ways:
        shown = {value.value for value in parsed.hints.values}
        question, completion = _change_case(question, completion, shown, rng)
    if "opening" in ways:
        question = _change_opening(question, rng)
    if "columns" in ways:
        order = random.Random(f"t2sql/{seed}/{index}/{schema}")
        schema = Schema(tuple(_reorder_columns(table, completion, order) for table in schema.tables))
    prompt = render_prompt(schema, question, parsed.prompt_format, parsed.hints)
    return replace(example, question=question, prompt=prompt, completion=completion)


def _reorder_columns(table: Table, completion: str, rng: random.Random) -> Table:
    names = list(table.column_names)
    if any(_may_be_one_name(left, right, completion) for left, right in pairwise(names)):
        return table
    columns = list(table.columns)
    rng.shuffle(columns)
    return replace(table, columns=tuple(columns))


def _may_be_one_name(left: str, right: str, completion: str) -> bool:
    """Tell whether two neighbours may be one name with ", " in it: the prompt cannot show the difference."""
    opens = sum(left.count(c) for c in "([{") > sum(left.count(c) for c in ")]}")
    return opens or f"{left}, {right}" in completion


def _change_case(
    question: str, completion: str, shown: Collection[str], rng: random.Random
) -> tuple[str, str]:
    """Change the case of values in question and answer; in the question alone where the prompt shows them."""
    if completion.count("'") % 2:
        return question, completion

    def change(match: re.Match[str]) -> str:
        nonlocal question
        value = match.group(1).replace("''", "'")
        mention = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", question, re.IGNORECASE)
        if mention is None or not re.search(r"[^\W\d_]", value):
            return match.group(0)
        asked = mention.group(0)
        spelling = rng.choice((asked, asked, value, asked.lower(), asked.upper(), asked.title()))
        if len(spelling) != len(asked):
            return match.group(0)
        question = question[: mention.start()] + spelling + question[mention.end() :]
        if value in shown:
            return match.group(0)
        return "'" + spelling.replace("'", "''") + "'"

    changed = _STRING.sub(change, completion)
    return question, changed


def _change_opening(question: str, rng: random.Random) -> str:
    for pattern, openings in _OPENINGS:
        match = re.match(pattern, question, re.IGNORECASE)
        if match:
            return rng.choice(openings) + question[match.end() :]
    return question
