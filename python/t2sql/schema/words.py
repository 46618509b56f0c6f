"""How tables and columns are called in words: their names taken apart, singular and plural."""

from __future__ import annotations

import re

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_SHORT = {
    "qty": "quantity",
    "amt": "amount",
    "addr": "address",
    "desc": "description",
    "num": "number",
    "nr": "number",
    "dob": "date of birth",
    "pct": "percentage",
    "avg": "average",
    "dept": "department",
    "mgr": "manager",
    "emp": "employee",
    "cust": "customer",
    "prod": "product",
    "cnt": "count",
}
_PREFIXES = ("tbl", "tb", "vw")
_PLURALS = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "datum": "data",
    "criterion": "criteria",
    "analysis": "analyses",
    "hero": "heroes",
    "status": "statuses",
}
_SINGULARS = {plural: word for word, plural in _PLURALS.items()} | {"movies": "movie", "ties": "tie"}
_SAME = (
    "series",
    "species",
    "staff",
    "news",
    "equipment",
    "information",
    "sheep",
    "aircraft",
    "data",
    "media",
)


def words_of(name: str) -> list[str]:
    """The words of a name, lower-cased unless they are abbreviations: "unitPrice" → unit, price."""
    parts = _PART.findall(name)
    if not parts:
        return [name.strip() or name]
    loud = name.upper() == name
    out = [part if part.isupper() and len(part) > 1 and not loud else part.lower() for part in parts]
    return [_SHORT.get(part, part) for part in out]


def phrase_of(name: str) -> str:
    """A column's name in words."""
    return " ".join(words_of(name))


def items_of(table: str) -> tuple[str, str]:
    """What a row of the table is called, and what several are: ("order item", "order items")."""
    words = words_of(table)
    if len(words) > 1 and words[0].lower() in _PREFIXES:
        words = words[1:]
    *head, last = words
    item = singular(last)
    return " ".join([*head, item]), " ".join([*head, plural(item)])


def singular(word: str) -> str:
    low = word.lower()
    if low in _SAME or not low.isascii() or not low.endswith("s") or low.endswith(("ss", "us", "is")):
        return _SINGULARS.get(low, word)
    if low in _SINGULARS:
        return _SINGULARS[low]
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def plural(phrase: str) -> str:
    """The phrase's last word in the plural; of "date of birth", the word before "of"."""
    head, of, rest = phrase.partition(" of ")
    if of:
        return plural(head) + of + rest
    *before, word = phrase.split(" ")
    return " ".join([*before, _plural(word)])


def _plural(word: str) -> str:
    low = word.lower()
    if low in _PLURALS:
        return _PLURALS[low]
    if (
        low in _SAME
        or not low.isascii()
        or not low[-1:].isalpha()
        or (low.endswith("s") and low != singular(low))
    ):
        return word
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if low.endswith(("s", "x", "ch", "sh", "z")) else "s")


def listed(names: list[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def with_article(phrase: str) -> str:
    if phrase.split(" ")[-1].lower() != singular(phrase.split(" ")[-1].lower()):
        return phrase
    return f"{'an' if phrase[:1].lower() in 'aeio' else 'a'} {phrase}"
