"""English number and articles, for the phrases that the demo has.

The demo is frozen, so these rules stay as they are; `t2sql.schema` has rules for names of any database.
"""

from __future__ import annotations

import re

_SINGULAR_VERBS = (
    ("that have", "that has"),
    ("which have", "which has"),
    ("that show", "that shows"),
)


def pluralize(phrase: str) -> str:
    """Put a phrase in the plural: its last word, or the word before "of"."""
    head, of, rest = phrase.partition(" of ")
    if of:
        return pluralize(head) + of + rest
    if is_plural(phrase):
        return phrase
    if phrase.endswith("y") and phrase[-2] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + ("es" if phrase.endswith(("s", "x", "ch", "sh")) else "s")


def is_plural(phrase: str) -> bool:
    """Tell whether a phrase is in the plural, judged by the end of its main word."""
    head = re.split(r" (?:of|per|in|won|driven)\b", phrase)[0]
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))


def is_countable(phrase: str) -> bool:
    """Tell whether a phrase names things that are counted, such as "goals" or "vacation days"."""
    return is_plural(phrase) and " of " not in phrase and "years" not in phrase


def singular_verbs(clause: str) -> str:
    """Put the verbs of a relative clause in the singular: "that have" becomes "that has"."""
    for plural, singular in _SINGULAR_VERBS:
        clause = clause.replace(f"{plural} ", f"{singular} ")
    return clause


def with_article(phrase: str) -> str:
    """Put "a" or "an" before a phrase in the singular."""
    if is_plural(phrase):
        return phrase
    return f"{'an' if phrase[0] in 'aeio' else 'a'} {phrase}"
