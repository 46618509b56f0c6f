"""How people spell a value in a question, and whether a name is that of things which are counted."""

from __future__ import annotations

import re

from t2sql.data.rng import Rng
from t2sql.data.synthesis.conditions import Comparison
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES
from t2sql.data.synthesis.values import Value
from t2sql.schema import pluralize, singularize

_PLAIN_TEXT = re.compile(r"[^\W_][^,;:'\"?!()]*\Z")
_AMBIGUOUS_WORDS = re.compile(r"(^| )(and|or|is|the|of|with|not|in|to|for|whose|where)( |$)", re.IGNORECASE)
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_QUOTED = 0.08
_LOWER = 0.05
_DAY_IN_WORDS = 0.35


def spelled(rng: Rng, condition: Comparison, value: Value) -> str:
    """Spell a value for the question: in quotes where it could be taken for other words.

    Args:
        rng: The source of random choices.
        condition: The comparison that it belongs to.
        value: One of its operands.
    """
    if not isinstance(value, str):
        return _number(rng, value)
    temporal = condition.column.role in TEMPORAL_ROLES
    if condition.op == "LIKE":
        value = value.strip("%")
    if temporal:
        return _day(rng, value.rstrip("-") if condition.op == "LIKE" else value)
    is_clear = _PLAIN_TEXT.match(value) and not _AMBIGUOUS_WORDS.search(value)
    quoted = rng.chance(_QUOTED)
    if is_clear and not quoted:
        # The database's own spelling is for SQL; people do not bother.
        lower = condition.column.role == "category" and rng.chance(_LOWER)
        return value.lower() if lower else value
    marks = "'" if '"' in value or (rng.chance(0.3) and "'" not in value) else '"'
    return f"{marks}{value}{marks}"


def _number(rng: Rng, value: Value) -> str:
    if isinstance(value, int) and value >= 10_000 and rng.chance(0.08):
        return f"{value:,}"
    return str(value)


def _day(rng: Rng, text: str) -> str:
    """Spell a day or a month, perhaps in words: "3 May 1990"."""
    match = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", text)
    if match is None or (match[3] is not None and not rng.chance(_DAY_IN_WORDS)):
        return text
    month = _MONTHS[int(match[2]) - 1] if 1 <= int(match[2]) <= 12 else match[2]
    if match[3] is None:
        return f"{month} {match[1]}" if rng.chance(0.8) else text
    return rng.choice((f"{int(match[3])} {month} {match[1]}", f"{month} {int(match[3])}, {match[1]}"))


_UNCOUNTED = re.compile(
    r"(?:.* )?(?:years|sales|earnings|winnings|savings|status|series|address|class|gross|mass)\Z"
)


def is_countable(name: str) -> bool:
    """Tell whether a name is that of things that are counted, such as "goals" or "vacation days"."""
    head = name.split(" of ")[0].split(" ")[-1]
    return (
        head != singularize(head)
        and pluralize(head) == head
        and not _UNCOUNTED.match(name)
        and " of " not in name
    )


def with_article(name: str) -> str:
    """Put "a" or "an" before a phrase in the singular."""
    head = name.split(" of ")[0].split(" ")[-1]
    if head != singularize(head):
        return name
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
