"""Training lines said in other ways that keep their meaning: columns' order, values' case, the opening.

A line's forms depend on the seed, the line and the form's number alone. Form 0 is the line itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from t2sql.data.dataset import Example
from t2sql.errors import InputError
from t2sql.prompt import parse_prompt, render_prompt
from t2sql.schema import Schema, Table

WAYS = ("columns", "case", "opening")

_STRING = re.compile(r"'((?:[^']|'')+)'")

_ASKING = ("What is the ", "Name the ", "Tell me the ", "Give the ", "Show the ", "I want the ")
_OPENINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:what is|what's|name|tell me|give me|give|show me|show|list|i want) the ", _ASKING),
    (r"(?:what was) the ", ("What was the ", "Tell me what was the ", "Say what was the ")),
    (r"(?:what are) the ", ("What are the ", "List the ", "Name the ", "Tell me the ", "Show the ")),
    (r"(?:what were) the ", ("What were the ", "Tell me what were the ", "Say what were the ")),
    (r"how many ", ("How many ", "Tell me how many ", "Say how many ", "I want to know how many ")),
    (r"which ", ("Which ", "Tell me which ", "Say which ", "I want to know which ")),
    (r"who ", ("Who ", "Tell me who ", "Say who ", "I want to know who ")),
    (r"when ", ("When ", "Tell me when ", "Say when ")),
    (r"where ", ("Where ", "Tell me where ", "Say where ")),
)
"""A question that begins like the pattern may begin in any of these ways instead."""


def form(example: Example, ways: Collection[str], number: int, seed: int) -> Example:
    """Form `number` of a training line. A prompt that is not of version 1's form stays as it is.

    `columns` orders each table's columns anew, the same for all examples of a schema. `case` gives a value
    that the question holds another letter case there, and the answer the same: the meaning stays where
    letter case is ignored in comparing. `opening` begins the question in another usual way.
    """
    if number == 0:
        return example
    try:
        schema, question, _ = parse_prompt(example.prompt)
    except InputError:
        return example
    if render_prompt(schema, question) != example.prompt:
        return example
    completion = example.completion
    rng = random.Random(f"t2sql/{seed}/{number}/{example.id}")
    if "case" in ways:
        question, completion = _other_case(question, completion, rng)
    if "opening" in ways:
        question = _other_opening(question, rng)
    if "columns" in ways:
        order = random.Random(f"t2sql/{seed}/{number}/{schema}")
        schema = Schema(tuple(_reordered(table, completion, order) for table in schema.tables))
    prompt = render_prompt(schema, question)
    return replace(example, question=question, prompt=prompt, completion=completion)


def _reordered(table: Table, completion: str, rng: random.Random) -> Table:
    names = list(table.column_names)
    if any(_halved(one, other, completion) for one, other in pairwise(names)):
        return table
    columns = list(table.columns)
    rng.shuffle(columns)
    return replace(table, columns=tuple(columns))


def _halved(one: str, other: str, completion: str) -> bool:
    """Whether two neighbours may be one name that contains ", ", which the prompt cannot tell apart."""
    opened = sum(one.count(c) for c in "([{") > sum(one.count(c) for c in ")]}")
    return opened or f"{one}, {other}" in completion


def _other_case(question: str, completion: str, rng: random.Random) -> tuple[str, str]:
    if completion.count("'") % 2:
        return question, completion

    def change(match: re.Match[str]) -> str:
        nonlocal question
        value = match.group(1).replace("''", "'")
        found = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", question, re.IGNORECASE)
        if found is None or not re.search(r"[^\W\d_]", value):
            return match.group(0)
        asked = found.group(0)
        spelt = rng.choice((asked, asked, value, asked.lower(), asked.upper(), asked.title()))
        if len(spelt) != len(asked):
            return match.group(0)
        question = question[: found.start()] + spelt + question[found.end() :]
        return "'" + spelt.replace("'", "''") + "'"

    changed = _STRING.sub(change, completion)
    return question, changed


def _other_opening(question: str, rng: random.Random) -> str:
    for pattern, openings in _OPENINGS:
        found = re.match(pattern, question, re.IGNORECASE)
        if found:
            return rng.choice(openings) + question[found.end() :]
    return question
