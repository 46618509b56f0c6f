"""How people say that the rows of one table belong to a row of another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RelationWords:
    """The words for a foreign key, or for a table that links two others.

    The first table is what the key refers to, or what the first key of a table that links two refers to.

    Attributes:
        verb: What a row of the first does, in the base form: "place", of customers and orders.
        past: Its past tense, "placed"; empty where people use the present.
        after: What stands between a row of the second and one of the first: "placed by".
        after_is_verb: Whether that is a verb whose subject is a row of the second: "work in", of employees
            and departments.
    """

    verb: str = "have"
    past: str = ""
    after: str = "of"
    after_is_verb: bool = False

    @classmethod
    def read(cls, text: str) -> RelationWords:
        """Read "place:placed | placed by" or "employ | +work in"; "+" stands before a verb."""
        verbs, _, after = (part.strip() for part in text.partition("|"))
        verb, _, past = verbs.partition(":")
        return cls(verb, past, after.removeprefix("+"), after.startswith("+"))


def third_person(verb: str) -> str:
    """Put a verb phrase of the base form into the third person: "work in" becomes "works in"."""
    head, _, rest = verb.partition(" ")
    if head == "have":
        form = "has"
    elif head == "are":
        form = "is"
    elif head == "were":
        form = "was"
    elif head in ("do", "go"):
        form = head + "es"
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        form = head[:-1] + "ies"
    else:
        form = head + ("es" if head.endswith(("s", "x", "ch", "sh", "z")) else "s")
    return f"{form} {rest}".strip()
