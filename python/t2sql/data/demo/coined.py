"""Coined subjects for the training split: tables nobody has seen, so that a model learns to read the schema.

A few dozen everyday subjects teach their own column names by heart; with a subject of its own for nearly
every database, the only way to the right name is to copy it from the prompt.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from t2sql.data.rng import Rng

STYLES = ("snake",) * 9 + ("words",) * 6 + ("camel",) * 2 + ("Snake",) * 3
"""More names with spaces than the everyday tables have: to put them in quotes is to be learned."""


@cache
def _words() -> dict[str, Any]:
    text = files(__package__).joinpath("coined.toml").read_text(encoding="utf-8")
    words = tomllib.loads(text)
    for key in ("things", "modifiers"):
        words[key] = [" ".join(part.split()) for part in words[key].split(",")]
    return words


def domain(rng: Rng, *, with_parent: bool) -> dict[str, Any]:
    """A subject as `domains.toml` writes one: a table, perhaps with a second one that it points at."""
    thing, other = rng.sample(_words()["things"], 2)
    texts, numbers = rng.shuffled(_words()["texts"]), rng.shuffled(_words()["numbers"])
    columns = [_label(rng, thing), *_columns(rng, thing, [*texts[:5], *numbers[:5]])]
    if not with_parent:
        return {"tables": [_table(thing)], "columns": columns}
    link = rng.choice((other.capitalize(), f"{rng.choice(_words()['modifiers'])} {other.capitalize()}"))
    about = [_label(rng, other), *_columns(rng, other, [*texts[5:8], *numbers[5:8]])]
    parent = {"via": link, "tables": [_table(other)], "columns": about}
    return {"tables": [_table(thing)], "columns": [*columns, f"{link} | - | city"], "parent": parent}


def _table(thing: str) -> str:
    return f"{thing}s/{thing}"


def _label(rng: Rng, thing: str) -> str:
    name, values = rng.choice(_words()["labels"]).format(thing=thing.capitalize()).split(" : ")
    return f"{name} | - | {values}"


def _columns(rng: Rng, thing: str, heads: list[str]) -> list[str]:
    """Lines of columns: a third of them plain words, the others of two."""
    out = []
    for line in heads:
        head, values, *options = line.split(" : ")
        name = head
        if rng.chance(0.65):
            first = thing.capitalize() if rng.chance(0.15) else rng.choice(_words()["modifiers"])
            if first not in head.split():
                name = f"{first} {head}"
        # "The longest" can only mean the length when there is no other.
        plain = options if name == head else []
        pairs = [f"{key}: {value}" for key, _, value in (option.partition(" ") for option in plain)]
        if values.startswith("int") and rng.chance(0.5):
            pairs.append("sum")
        out.append(" | ".join([name, "-", values, *pairs]))
    return out
