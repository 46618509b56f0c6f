"""A grammar as a tree, written as GBNF for llama.cpp and as Lark for llguidance: the same strings in both."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from t2sql import grammar


@dataclass(frozen=True)
class Terminal:
    """Exactly these characters.

    Attributes:
        text: The characters.
    """

    text: str


@dataclass(frozen=True)
class TerminalChoice:
    """One of several texts.

    Attributes:
        texts: The texts, none of them empty.
        lexeme: Whether llguidance reads it as one lexeme, which takes it less time. No text may then be the
            beginning of another one that the rest of a statement can go on with.
    """

    texts: tuple[str, ...]
    lexeme: bool = False


@dataclass(frozen=True)
class TerminalPattern:
    """Characters of a pattern that is written out for each notation.

    Attributes:
        gbnf: The pattern as a GBNF expression.
        regex: The same as a regular expression, for Lark.
    """

    gbnf: str
    regex: str


@dataclass(frozen=True)
class RuleReference:
    """What another rule of the grammar allows.

    Attributes:
        rule: The rule's name.
    """

    rule: str


@dataclass(frozen=True)
class Concatenation:
    """Each part, in this order.

    Attributes:
        parts: The parts.
    """

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Alternation:
    """One of the parts.

    Attributes:
        parts: The parts.
    """

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repetition:
    """A part several times.

    Attributes:
        part: The part.
        least: How often at least.
        most: How often at most.
    """

    part: Node
    least: int
    most: int


Node: TypeAlias = (
    Terminal | TerminalChoice | TerminalPattern | RuleReference | Concatenation | Alternation | Repetition
)
"""A part of a grammar."""


def sequence(*parts: Node | str) -> Node:
    """Each part in this order; a string is a `Terminal`."""
    return Concatenation(tuple(Terminal(part) if isinstance(part, str) else part for part in parts))


def either(*parts: Node | str) -> Node:
    """One of the parts; a string is a `Terminal`."""
    return Alternation(tuple(Terminal(part) if isinstance(part, str) else part for part in parts))


def optional(*parts: Node | str) -> Node:
    """Each part in this order, or nothing."""
    return Repetition(sequence(*parts), 0, 1)


@dataclass(frozen=True)
class Grammar:
    """A grammar in both notations.

    Attributes:
        rules: The rules by name. An answer is `root`, which may begin with a space as a model's first token
            does.
        left_out: The tables that no answer can name, since an engine could not hold a grammar of all.
        pairs_left_out: How many pairs of tables that keys connect no answer joins, for the same reason.
        base: A grammar with the same rules but those in `changed`: what was written of them is not written
            again.
        changed: The names of the rules that `base` has otherwise.
    """

    rules: dict[str, Node]
    left_out: tuple[str, ...] = ()
    pairs_left_out: int = 0
    base: Grammar | None = None
    changed: tuple[str, ...] = ()

    @property
    def gbnf(self) -> str:
        """In llama.cpp's notation (its grammars/README.md)."""
        return "".join(self._gbnf_lines.values())

    @property
    def lark(self) -> str:
        """In llguidance's notation, a variant of Lark (its docs/syntax.md)."""
        return "".join(self._lark_lines.values())

    def replaced(self, rules: dict[str, Node], left_out: tuple[str, ...]) -> Grammar:
        """The same grammar with some rules replaced.

        Args:
            rules: Rules by names that the grammar has already.
            left_out: The tables that no answer can name.
        """
        new = {**self.rules, **rules}
        return replace(self, rules=new, left_out=left_out, base=self, changed=tuple(rules))

    @cached_property
    def _gbnf_lines(self) -> dict[str, str]:
        if self.base is not None:
            changed = {name: _gbnf_line(name, self.rules[name]) for name in self.changed}
            return {**self.base._gbnf_lines, **changed}
        return {name: _gbnf_line(name, node) for name, node in self.rules.items()}

    @cached_property
    def _lark_lines(self) -> dict[str, str]:
        if self.base is not None:
            changed = {name: _lark_line(name, self.rules[name]) for name in self.changed}
            return {**self.base._lark_lines, **changed}
        return {name: _lark_line(name, node) for name, node in self.rules.items()}

    def matches(self, text: str) -> bool:
        """Whether the whole of a text is an answer. Not for several threads at once."""
        return self.first_refused(text) is None

    def first_refused(self, text: str) -> int | None:
        """The first byte that no answer has there, or the text's length if it ends too early; else None."""
        data = list(text.encode())
        self._matcher.reset()
        consumed: int = self._matcher.try_consume_tokens(data)
        return None if consumed == len(data) and self._matcher.is_accepting() else consumed

    @cached_property
    def _matcher(self) -> Any:
        """llguidance over bytes, which takes a moment to import."""
        return grammar.byte_matcher(self.lark)


def _gbnf_line(name: str, node: Node) -> str:
    return f"{_dashed(name)} ::= {_gbnf(node)}\n"


def _lark_line(name: str, node: Node) -> str:
    return f"{'start' if name == 'root' else name}: {_lark(node)}\n"


def _gbnf(node: Node) -> str:
    match node:
        case Terminal(text):
            return gbnf_text(text)
        case TerminalChoice(texts, _):
            return _gbnf(_prefix_tree(sorted(set(texts))))
        case TerminalPattern(gbnf, _):
            return gbnf
        case RuleReference(rule):
            return _dashed(rule)
        case Concatenation(parts):
            return "(" + " ".join(map(_gbnf, parts)) + ")"
        case Alternation(parts):
            return "(" + " | ".join(map(_gbnf, parts)) + ")"
        case Repetition(part, least, most):
            return _gbnf(part) + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _lark(node: Node) -> str:
    match node:
        case Terminal(text):
            return _quoted(text)
        case TerminalChoice(texts, lexeme):
            if lexeme:
                return "/(" + "|".join(map(regex_text, texts)) + ")/"
            return "(" + " | ".join(map(_quoted, texts)) + ")"
        case TerminalPattern(_, regex):
            return f"/{regex}/"
        case RuleReference(rule):
            return rule
        case Concatenation(parts):
            return "(" + " ".join(map(_lark, parts)) + ")"
        case Alternation(parts):
            return "(" + " | ".join(map(_lark, parts)) + ")"
        case Repetition(part, least, most):
            return _lark(part) + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _quoted(text: str) -> str:
    return f'"{text}"' if _PLAIN_TEXT.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _dashed(name: str) -> str:
    """A rule's name in GBNF, which allows no underscores."""
    return name.replace("_", "-")


_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]')
_PLAIN_TEXT = re.compile(r'[^"\\\x00-\x1f\x7f]*')


def gbnf_text(text: str) -> str:
    """A text as a GBNF terminal, between double quotes."""
    if _PLAIN_TEXT.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(c if _PLAIN.match(c) else _escaped(c) for c in text) + '"'


_SPECIAL = frozenset(r"\.+*?()|[]{}^$/&~-")
"""What means something else in a regular expression; another sign may not have a backslash before it."""


def regex_text(text: str) -> str:
    """A text as a regular expression between slashes."""
    return "".join(f"\\{c}" if c in _SPECIAL else c if ord(c) > 31 else f"\\x{ord(c):02X}" for c in text)


def _escaped(c: str) -> str:
    return "\\" + c if c in '"\\' else f"\\x{ord(c):02X}"


def _prefix_tree(texts: Sequence[str]) -> Node:
    """Sorted texts as a tree in which each common beginning is written once.

    llama.cpp follows every alternative that is still possible; in a tree, of a thousand columns few are
    possible after a letter or two.
    """
    if len(texts) == 1:
        return Terminal(texts[0])
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text)
    parts: list[Node] = []
    for group in groups.values():
        common = _common_length(group[0], group[-1])
        rest = [text[common:] for text in group if len(text) > common]
        if not rest:
            parts.append(Terminal(group[0]))
        elif len(rest) < len(group):
            parts.append(sequence(group[0][:common], optional(_prefix_tree(rest))))
        else:
            parts.append(sequence(group[0][:common], _prefix_tree(rest)))
    return parts[0] if len(parts) == 1 else Alternation(tuple(parts))


def _common_length(first: str, last: str) -> int:
    """How many characters all sorted texts from `first` to `last` begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
