r"""Dangerous characters shown as escapes that can be read, such as `\x1b`."""

from __future__ import annotations

import re

from t2sql.text.dangerous import DANGEROUS

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_LAYOUT = frozenset("\n\t")


def visible(text: str) -> str:
    r"""Text of several lines that is safe for a terminal: line breaks and tabs stay.

    Args:
        text: Any text, also of a stranger.

    Returns:
        The text, with every dangerous character written as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
    """
    if text.isascii() and text.isprintable():
        return text
    return DANGEROUS.sub(lambda match: match[0] if match[0] in _LAYOUT else _escape(match), text)


def one_line(text: str) -> str:
    r"""Text on one line that is safe for a terminal: line breaks and tabs are shown as `\n` and `\t`.

    Args:
        text: Any text, also of a stranger.
    """
    if text.isascii() and text.isprintable():
        return text
    return DANGEROUS.sub(_escape, text)


def stand_ins(text: str, replacement: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Text in which each dangerous character is one other, so that places in it stay what they are.

    Args:
        text: Any text, also of a stranger.
        replacement: What stands for each; "" leaves them out.
    """
    if text.isascii() and text.isprintable():
        return text
    return DANGEROUS.sub(lambda match: match[1] or replacement, text)


def _escape(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1]
    character = match[0]
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
