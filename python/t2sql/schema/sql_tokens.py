"""Tokens of SQL scripts of any database, and the patterns that find them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

TokenKind = Literal["name", "word", "text", "sign"]
"""A quoted name, a bare word or number, a text in single quotes, or any other character."""


@dataclass(frozen=True)
class Token:
    """A piece of a statement.

    Attributes:
        kind: What it is.
        text: Its text; of names and texts what is inside the quotes.
        spaced: Whether a blank or a comment stands before it.
        comment: What `--` says at the end of its line, if it is the line's last token or only "," follows.
    """

    kind: TokenKind
    text: str
    spaced: bool
    comment: str = ""

    @property
    def word(self) -> str:
        """A bare word in capitals; empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""


@dataclass(frozen=True)
class Statement:
    """A statement that may say something about tables.

    Attributes:
        tokens: Its tokens.
        place: The file and the line on which it begins.
    """

    tokens: tuple[Token, ...]
    place: str

    def __str__(self) -> str:
        """The beginning of the statement, for an error message."""
        text = "".join(f"{' ' if token.spaced else ''}{token.text}" for token in self.tokens[:30])
        return text.strip()[:80]


_LINE_COMMENT = re.compile(r"[ \t]*--([^\n]*[^\W\d_][^\n]*)")


def with_line_comment(tokens: list[Token], space: str) -> None:
    """Give the last token, or that before a last ",", the comment that follows it on its line.

    Args:
        tokens: The tokens up to here.
        space: The blanks and comments that follow.
    """
    match = _LINE_COMMENT.match(space)
    if match and tokens:
        at = -2 if tokens[-1].text == "," and len(tokens) > 1 else -1
        tokens[at] = replace(tokens[at], comment=match[1].strip(" \t\r-"))


def make_token(kind: str, text: str, spaced: bool) -> Token:
    """Make a token without its quotes, of a match of `token_pattern`."""
    if kind == "text":
        return Token("text", text[1:-1].replace("''", "'").replace("\\'", "'"), spaced)
    if kind == "name":
        return Token("name", text[1:-1].replace(text[-1] * 2, text[-1]), spaced)
    return Token("word" if kind == "word" else "sign", text, spaced)


@cache
def token_pattern(backslashes: bool) -> re.Pattern[str]:
    """A token of a statement; the groups are the kinds, and `space` for blanks and comments.

    Args:
        backslashes: Whether a backslash escapes in a text, and "#" begins a comment: as in MySQL.
    """
    hash_comment = r"|\#[^\n]*" if backslashes else ""
    text = r"'(?:[^'\\]|''|\\.)*'" if backslashes else r"'(?:[^']|'')*'"
    return re.compile(
        rf"""
          (?P<space>(?:\s+|--[^\n]*|/\*.*?\*/{hash_comment})+)
        | (?P<text>{text})
        | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|(?<![\w\]"])\[[^\]]{{0,256}}\])
        | (?P<word>[\#@]*\w[\w$\#]*)
        | (?P<sign>.)
        """,
        re.VERBOSE | re.DOTALL,
    )


@cache
def body_pattern(delimiter: str, backslashes: bool) -> re.Pattern[str]:
    """What may stand in a statement before its end.

    It stops at the delimiter, at a text or comment that does not end yet, and before a line that begins
    another statement.
    """
    first = re.escape(delimiter[0])
    pieces = [
        rf"[^'\"`;$/\-\[\n{first}]++",
        r"'(?:[^'\\]++|''|\\.)*+'" if backslashes else r"'[^']*+'",
        r'"[^"]*+"',
        r"`[^`]*+`",
        r"\n(?![ \t]*+(?:GO[ \t\r]*+$|CREATE\s|ALTER\s+TABLE\s))" if delimiter == ";" else r"\n",
        r"-(?:-[^\n]*+|(?=[^-]))",
        r"/(?:\*.*?\*/|(?=[^*]))",
        r"(?<![\w\]\"])\[[^\]]{0,256}+\]|(?<=[\w\]\"])\[",
    ]
    if backslashes:
        pieces.append(r"\$")
    else:
        pieces.append(r"\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$|\$(?![A-Za-z_]*\$|\w*\Z)")
    if delimiter == ";":
        # Of a dump's rows, many statements are passed over at once.
        pieces.append(r";(?=\s*+(?:INSERT|REPLACE)\s(?!\s*+INTO\s++sqlite_))")
    else:
        pieces.append(rf"(?!{re.escape(delimiter)})[;{first}]")
    return re.compile(f"(?:{'|'.join(pieces)})*+", re.DOTALL | re.IGNORECASE | re.MULTILINE)
