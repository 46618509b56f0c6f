"""A grammar as a tree, written as GBNF for llama.cpp and as Lark for llguidance: the same strings in both."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Text:
    """These characters."""

    text: str


@dataclass(frozen=True)
class Names:
    """One of these texts, none of them empty."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Pattern:
    """A leaf that both notations spell themselves: a GBNF expression and a regular expression."""

    gbnf: str
    regex: str


@dataclass(frozen=True)
class Ref:
    """Another rule of the grammar, by its name."""

    rule: str


@dataclass(frozen=True)
class Seq:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Alt:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The part `least` to `most` times."""

    part: Node
    least: int
    most: int


Node: TypeAlias = Text | Names | Pattern | Ref | Seq | Alt | Repeat


def seq(*parts: Node | str) -> Node:
    return Seq(tuple(Text(part) if isinstance(part, str) else part for part in parts))


def alt(*parts: Node | str) -> Node:
    return Alt(tuple(Text(part) if isinstance(part, str) else part for part in parts))


def maybe(*parts: Node | str) -> Node:
    return Repeat(seq(*parts), 0, 1)


@dataclass(frozen=True)
class Grammar:
    """Named rules; an answer is `root`, which may begin with a space as a model's first token does."""

    rules: dict[str, Node]

    @cached_property
    def gbnf(self) -> str:
        """For llama.cpp."""
        return "".join(f"{_dashed(name)} ::= {_gbnf(node)}\n" for name, node in self.rules.items())

    @cached_property
    def lark(self) -> str:
        """For llguidance."""
        rules = "".join(f"{name}: {_lark(node)}\n" for name, node in self.rules.items() if name != "root")
        return f"start: {_lark(self.rules['root'])}\n{rules}"

    def matches(self, text: str) -> bool:
        """Whether a text is an answer, whole."""
        data = list(text.encode())
        self._matcher.reset()
        return self._matcher.try_consume_tokens(data) == len(data) and self._matcher.is_accepting()

    @cached_property
    def _matcher(self) -> Any:
        """llguidance, over bytes."""
        from llguidance import LLMatcher, LLTokenizer

        return LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(self.lark), log_level=0)


def _gbnf(node: Node) -> str:
    match node:
        case Text(text):
            return gbnf_text(text)
        case Names(texts):
            return _gbnf(_tree(sorted(set(texts))))
        case Pattern(gbnf, _):
            return gbnf
        case Ref(rule):
            return _dashed(rule)
        case Seq(parts):
            return "(" + " ".join(map(_gbnf, parts)) + ")"
        case Alt(parts):
            return "(" + " | ".join(map(_gbnf, parts)) + ")"
        case Repeat(part, least, most):
            return _gbnf(part) + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _lark(node: Node) -> str:
    match node:
        case Text(text):
            return json.dumps(text, ensure_ascii=False)
        case Names(texts):
            return "(" + " | ".join(json.dumps(text, ensure_ascii=False) for text in texts) + ")"
        case Pattern(_, regex):
            return f"/{regex}/"
        case Ref(rule):
            return rule
        case Seq(parts):
            return "(" + " ".join(map(_lark, parts)) + ")"
        case Alt(parts):
            return "(" + " | ".join(map(_lark, parts)) + ")"
        case Repeat(part, least, most):
            return _lark(part) + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _dashed(name: str) -> str:
    """GBNF's names have no underscores."""
    return name.replace("_", "-")


_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]')


def gbnf_text(text: str) -> str:
    """A text between double quotes."""
    return '"' + "".join(c if _PLAIN.match(c) else _escaped(c) for c in text) + '"'


def _escaped(c: str) -> str:
    return "\\" + c if c in '"\\' else f"\\x{ord(c):02X}"


def _tree(texts: Sequence[str]) -> Node:
    """Sorted texts with what they begin with in common said once: llama.cpp follows every alternative that
    is still possible, and of a thousand columns few are after a letter or two."""
    if len(texts) == 1:
        return Text(texts[0])
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text)
    parts: list[Node] = []
    for group in groups.values():
        shared = _shared(group[0], group[-1])
        rest = [text[shared:] for text in group if len(text) > shared]
        if not rest:
            parts.append(Text(group[0]))
        elif len(rest) < len(group):
            parts.append(seq(group[0][:shared], maybe(_tree(rest))))
        else:
            parts.append(seq(group[0][:shared], _tree(rest)))
    return parts[0] if len(parts) == 1 else Alt(tuple(parts))


def _shared(first: str, last: str) -> int:
    """Characters that sorted texts from `first` to `last` begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
