"""The subjects of the demo dataset, read from `domains.toml`, and the tables made from one subject."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from t2sql.data.demo.values import NUMERIC
from t2sql.data.rng import Rng
from t2sql.schema import Column, ForeignKey, Table

_TYPES = {"int": "INTEGER", "year": "INTEGER", "dec": "REAL"}
STYLES = ("snake",) * 13 + ("camel",) * 3 + ("Snake",) * 4
WITH_SPACES = ("words",)


@dataclass(frozen=True)
class Field:
    """A column of a demo table: its name in the schema, and how people speak of it."""

    name: str
    phrase: str
    synonyms: tuple[str, ...]
    values: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str:
        head = self.values.split(" ", 1)[0]
        return head if head in NUMERIC else "text"

    @property
    def sql_type(self) -> str:
        return _TYPES.get(self.kind, "TEXT")

    def option(self, name: str) -> str | None:
        return next((value for key, value in self.options if key == name), None)


@dataclass(frozen=True)
class DemoTable:
    """A table as the demo speaks of it; the first of `fields` as written in `domains.toml` is `label`."""

    name: str
    item: str
    items: str
    fields: tuple[Field, ...]
    label: Field
    parent: DemoTable | None = None
    via: Field | None = None

    def to_table(self) -> Table:
        keys: tuple[ForeignKey, ...] = ()
        if self.parent is not None and self.via is not None:
            keys = (ForeignKey(self.via.name, self.parent.name, self.parent.label.name),)
        return Table(self.name, tuple(Column(field.name, field.sql_type) for field in self.fields), keys)


@cache
def domains(split: str) -> tuple[dict[str, Any], ...]:
    text = files(__package__).joinpath("domains.toml").read_text(encoding="utf-8")
    return tuple(domain for domain in tomllib.loads(text)["domain"] if domain["split"] == split)


def make_table(
    rng: Rng, domain: dict[str, Any], *, with_parent: bool, styles: tuple[str, ...] = STYLES
) -> DemoTable:
    """One table of a subject: some of its columns, in some order, in one style of naming."""
    style = rng.choice(styles)
    parent_spec = domain.get("parent") if with_parent else None
    if parent_spec is None:
        return _table(rng, domain, style, rng.between(5, 7), must=None)
    child = _table(rng, domain, style, rng.between(5, 6), must=parent_spec["via"])
    parent = _table(rng, parent_spec, style, rng.between(3, 4), must=None)
    via = next(field for field in child.fields if field.option("via"))
    return replace(child, parent=parent, via=via)


def _table(rng: Rng, spec: dict[str, Any], style: str, size: int, must: str | None) -> DemoTable:
    name, item = rng.choice(spec["tables"]).split("/")
    lines = spec["columns"]
    needed = [i for i, line in enumerate(lines) if must and _first_name(line) == must]
    others = [i for i in range(1, len(lines)) if i not in needed]
    chosen = [*needed, *rng.sample(others, size - 1 - len(needed))]
    label = _field(rng, lines[0], style, link=False)
    fields = [label]
    for i in chosen:
        field = _field(rng, lines[i], style, link=i in needed)
        if not any(_overlap(field.phrase, other.phrase) for other in fields):
            fields.append(field)
    rest = rng.shuffled(fields[1:])
    place = 0 if rng.chance(0.85) else rng.below(len(fields))
    ordered = [*rest[:place], label, *rest[place:]]
    phrases = [field.phrase for field in ordered]
    ordered = [
        replace(
            f,
            synonyms=tuple(
                s for s in f.synonyms if not any(_overlap(s, p) for p in phrases if p != f.phrase)
            ),
        )
        for f in ordered
    ]
    label = next(field for field in ordered if field.name == label.name)
    items = "staff members" if name == "staff" else "products" if name == "goods" else _words(name)
    table_name = name.capitalize() if style in ("camel", "Snake") else name
    return DemoTable(table_name, item, items, tuple(ordered), label)


def _field(rng: Rng, line: str, style: str, *, link: bool) -> Field:
    names, synonyms, values, *options = [part.strip() for part in line.split(" | ")]
    name = rng.choice([part.strip() for part in names.split(",")])
    phrase = name.lower()
    pairs = [(key.strip(), value.strip()) for key, _, value in (option.partition(":") for option in options)]
    if link:
        pairs.append(("via", "yes"))
    known = [] if synonyms == "-" else [part.strip() for part in synonyms.split(",")]
    others = tuple(s for s in known if s != phrase)
    return Field(_styled(name, style), phrase, others, values, tuple(pairs))


def _first_name(line: str) -> str:
    return line.split(" | ")[0].split(",")[0].strip()


def _styled(name: str, style: str) -> str:
    words = name.split(" ")
    if style == "snake":
        return "_".join(words).lower().replace("-", "_")
    if style == "Snake":
        return "_".join(words).replace("-", "_")
    if style == "camel":
        return "".join(word[0].upper() + word[1:] for word in words).replace("-", "")
    return name


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def _overlap(one: str, other: str) -> bool:
    """Whether one phrase occurs in the other as whole words: a question could not tell them apart."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
