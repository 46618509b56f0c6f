"""How many gold statements of a dataset the grammar can write, and what keeps it from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from t2sql.errors import InputError
from t2sql.grammar.notations import Grammar
from t2sql.grammar.rewriting import rewritten
from t2sql.grammar.widths import Width, grammar_of
from t2sql.plain import JsonObject
from t2sql.schema import Schema
from t2sql.sql import KEYWORDS, tokens

SAMPLE = 200
"""Statements that are looked at: enough for a few points of precision, in a few seconds."""

_LEARNED = 60
"""Statements that are looked at to see which grammar they need."""
_NEGLIGIBLE = 0.02
"""Statements that a grammar may lack: a model that has learned all others answers best in the narrow one."""

_MOST_SCHEMAS = 100
"""Schemas whose grammar is made; each takes a moment."""
_MOST_WIDE_SCHEMAS = 20
"""The wide grammar of a schema of many tables takes a second."""
_MOST_CHARACTERS = 3_000_000
"""Of all grammars in llguidance's notation, which reads as many in some seconds: schemas of many tables have
grammars of 100,000 and more."""


@dataclass(frozen=True)
class Coverage:
    """The statements of a sample that the grammar can write.

    Attributes:
        n: The statements that were looked at.
        taken: Those of them that the grammar can write.
        reasons: What the others have that the grammar does not, the most frequent first; each counts once,
            at the first place.
        wide: The same of the wide grammar, for the statements as `rewritten` writes them.
    """

    n: int
    taken: int
    reasons: dict[str, int]
    wide: Coverage | None = None

    def to_json(self) -> JsonObject:
        """The numbers, as `dataset.json` has them."""
        wide = {} if self.wide is None else {"wide": self.wide.to_json()}
        return {"n": self.n, "taken": self.taken, "reasons": self.reasons, **wide}

    def __str__(self) -> str:
        """A line for each grammar, for people."""
        lines = [f"the grammar {self._line()}"]
        if self.wide is not None:
            lines.append(f"the wide grammar, after rewriting, {self.wide._line()}")
        return "\n".join(lines)

    def _line(self) -> str:
        text = f"takes {self.taken} of {self.n} gold statements"
        first = ", ".join(f"{reason} ({count})" for reason, count in list(self.reasons.items())[:5])
        return f"{text}; the others have {first}" if first else text


def measure_coverage(examples: Sequence[tuple[Schema, str]]) -> Coverage:
    """Look at statements all over a dataset, with the narrow grammar and with the wide one.

    Args:
        examples: The schema and the gold statement of each example.
    """
    with_tables = [(schema, sql) for schema, sql in examples if schema.tables]
    step = max(1, -(-len(with_tables) // SAMPLE))
    sample = with_tables[::step]
    narrow = _measured(sample, "narrow", _MOST_SCHEMAS)
    if not narrow.n:
        return narrow
    chosen = [(schema, rewritten(sql, schema)) for schema, sql in sample]
    return replace(narrow, wide=_measured(chosen, "wide", _MOST_WIDE_SCHEMAS))


def trained_width(examples: Sequence[tuple[Schema, str]]) -> Width:
    """The grammar that a model needs which learns statements: the wide one only for what is not narrow.

    Args:
        examples: The schema and the gold statement of each example; a part of them is looked at.
    """
    step = max(1, -(-len(examples) // _LEARNED))
    sample = [(schema, sql) for schema, sql in examples[::step] if schema.tables]
    narrow = _measured(sample, "narrow", _MOST_SCHEMAS)
    if narrow.taken >= (1 - _NEGLIGIBLE) * narrow.n:
        return "narrow"
    wide = _measured(sample, "wide", _MOST_WIDE_SCHEMAS)
    more = wide.taken / max(1, wide.n) - narrow.taken / narrow.n
    return "wide" if more > _NEGLIGIBLE else "narrow"


def _measured(examples: Sequence[tuple[Schema, str]], width: Width, most_schemas: int) -> Coverage:
    reasons: Counter[str] = Counter()
    grammars: dict[Schema, Grammar | None] = {}
    n = taken = characters = 0
    for schema, sql in examples:
        if schema not in grammars:
            if len(grammars) == most_schemas or characters > _MOST_CHARACTERS:
                continue
            made = grammars[schema] = _grammar(schema, width)
            characters += 0 if made is None else len(made.lark)
        grammar = grammars[schema]
        n += 1
        at = 0 if grammar is None else grammar.first_refused(sql)
        if at is None:
            taken += 1
        else:
            reasons["a schema without a grammar" if grammar is None else _reason(sql, at)] += 1
    return Coverage(n, taken, dict(reasons.most_common()))


def _grammar(schema: Schema, width: Width) -> Grammar | None:
    try:
        return grammar_of(schema, width=width)
    except InputError:
        return None


def _reason(sql: str, at: int) -> str:
    """Name what stands at a byte of a statement."""
    end, words = 0, [(kind, text) for kind, text in tokens(sql)]
    aliases = {
        words[index + 2][1].lower()
        for index, (_, text) in enumerate(words[:-2])
        if text.upper() == "AS" and words[index + 1][0] == "space"
    }
    for index, (kind, text) in enumerate(words):
        end += len(text.encode())
        if end <= at:
            continue
        following = words[index + 1][1] if index + 1 < len(words) else ""
        if kind == "word" and text.upper() in KEYWORDS:
            return text.upper() if text.isupper() else "keywords in small letters"
        if kind == "word" and following == "(":
            return f"{text.upper()}()"
        if kind in ("word", "double", "name"):
            return "an alias" if text.lower() in aliases else "a name where it cannot stand"
        names = {"space": "blanks", "string": "a text", "number": "a number", "comment": "a comment"}
        return names.get(kind, f"'{text}'")
    return "an early end"
