"""Names of tables and columns as English words: split, in the singular and in the plural."""

from __future__ import annotations

import re

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_SHORT_FORMS = {
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
    "fname": "first name",
    "lname": "last name",
    "firstname": "first name",
    "lastname": "last name",
}
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
"""The words of small numbers, by number."""

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
_UNCOUNTABLE = (
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


def split_name(name: str) -> list[str]:
    """Split a name into its words: "unitPrice" and "unit_price" become "unit", "price".

    Words are lower-cased unless they are abbreviations, and common short forms are spelled out: "qty" becomes
    "quantity".

    Returns:
        At least one word: a name without letters and digits is returned as it is.
    """
    parts = _PART.findall(name)
    if not parts:
        return [name.strip() or name]
    if (whole := _SHORT_FORMS.get(name.lower())) is not None:
        return whole.split()
    upper_name = name.upper() == name
    words = [part if part.isupper() and len(part) > 1 and not upper_name else part.lower() for part in parts]
    return [_SHORT_FORMS.get(word, word) for word in words]


def spelled_out(word: str) -> str:
    """A word of a name in small letters, a common short form spelled out in whatever case it is written."""
    return _SHORT_FORMS.get(word.lower(), word.lower())


def name_phrase(name: str) -> str:
    """Return the words of a name as one phrase: "birthDate" becomes "birth date"."""
    return " ".join(split_name(name))


def row_nouns(table: str) -> tuple[str, str]:
    """Return what one row of a table is called, and what several are: ("order item", "order items").

    Args:
        table: The table's name, in the singular or in the plural, with or without a prefix such as "tbl".
    """
    words = split_name(table)
    if len(words) > 1 and words[0].lower() in _PREFIXES:
        words = words[1:]
    *modifiers, noun = words
    noun = singularize(noun)
    return " ".join([*modifiers, noun]), " ".join([*modifiers, pluralize(noun)])


def singularize(word: str) -> str:
    """Return an English word in the singular; a word that is not in the plural is returned as it is."""
    low = word.lower()
    if low in _UNCOUNTABLE or not low.isascii() or not low.endswith("s") or low.endswith(("ss", "us", "is")):
        return _SINGULARS.get(low, word)
    if low in _SINGULARS:
        return _SINGULARS[low]
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def pluralize(phrase: str) -> str:
    """Put a phrase in the plural: its last word, or the word before "of" ("dates of birth")."""
    head, of, rest = phrase.partition(" of ")
    if of:
        return pluralize(head) + of + rest
    *before, word = phrase.split(" ")
    return " ".join([*before, _plural(word)])


def _plural(word: str) -> str:
    low = word.lower()
    if low in _PLURALS:
        return _PLURALS[low]
    if (
        low in _UNCOUNTABLE
        or not low.isascii()
        or not low[-1:].isalpha()
        or (low.endswith("s") and low != singularize(low))
    ):
        return word
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if low.endswith(("s", "x", "ch", "sh", "z")) else "s")


def join_phrases(phrases: list[str], conjunction: str = "and") -> str:
    """Join phrases as English does: "a", "a and b", "a, b and c".

    Args:
        phrases: At least one phrase.
        conjunction: What stands before the last phrase.
    """
    if len(phrases) == 1:
        return phrases[0]
    return f"{', '.join(phrases[:-1])} {conjunction} {phrases[-1]}"
