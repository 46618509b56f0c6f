"""Values for the columns of the demo's databases: plausible, varied, and the same for the same seed."""

from __future__ import annotations

from functools import cache

from t2sql.data.rng import Rng
from t2sql.data.templates import read_toml

NUMERIC = ("int", "dec", "year")
"""The kinds of values that are numbers: whole, with one decimal, and years."""

_TRIES_PER_TEXT = 40
"""How often a text that has been taken is drawn anew before a column has to do with fewer."""


@cache
def pool(name: str) -> tuple[str, ...]:
    """Return the words of a list in `values.toml`, such as "city"."""
    return tuple(
        " ".join(part.split()) for part in read_toml("t2sql.data.demo", "values.toml")[name].split(",")
    )


def text_value(rng: Rng, spec: str) -> str:
    """Draw a text of a kind.

    Args:
        rng: The source of random choices.
        spec: The kind and its arguments. "of A;B": one of the texts. "pair A;B + C;D": one of each. "code A;B
            1 99": a prefix and a number. "letters 3": capital letters. "place River": a name with that word.
            Otherwise a kind such as "person" or "title", or a list in `values.toml`.
    """
    kind, _, rest = spec.partition(" ")
    if kind == "of":
        return rng.choice(rest.split(";"))
    if kind == "pair":
        left, right = rest.split(" + ")
        return f"{rng.choice(left.split(';'))} {rng.choice(right.split(';'))}"
    if kind == "code":
        prefixes, low, high = rest.split(" ")
        return f"{rng.choice(prefixes.split(';'))}-{rng.between(int(low), int(high))}"
    if kind == "letters":
        return "".join(rng.choice("ABCDEFGHIJKLMNOPRSTUVWZ") for _ in range(int(rest)))
    if kind in ("title", "album"):
        return _title(rng)
    if kind == "person":
        last = pool("last_apostrophe" if rng.chance(0.1) else "last")
        return f"{rng.choice(pool('first'))} {rng.choice(last)}"
    if kind == "company":
        return f"{rng.choice(pool('company'))} {rng.choice(pool('company_end'))}"
    if kind == "place":
        name = rng.choice(pool("place"))
        return f"{name} River" if rest == "River" else f"{rest} {name}"
    if kind == "placeof":
        return f"{rng.choice(pool('place'))} {rest}"
    if kind == "street":
        return f"{rng.choice(pool('place'))} {rng.choice(pool('street_end'))}"
    if kind == "address":
        return f"{rng.between(1, 240)} {rng.choice(pool('place'))} {rng.choice(pool('street_end'))}"
    if kind == "shipname":
        return f"{rng.choice(pool('ship'))} {rng.choice(pool('ship_end'))}"
    return rng.choice(pool(kind))


def _title(rng: Rng) -> str:
    noun = rng.choice(pool("noun"))
    parts = {
        "a": rng.choice(pool("adjective")),
        "n": noun,
        "m": rng.choice([other for other in pool("noun") if other != noun]),
        "c": rng.choice(pool("city")),
        "p": rng.choice(pool("first")),
    }
    return rng.choice(pool("title")).format(**parts)


def distinct_texts(rng: Rng, spec: str, n: int, taken: set[str]) -> list[str]:
    """Draw different texts.

    Args:
        rng: The source of random choices.
        spec: The kind of text; see `text_value`.
        n: How many; there are fewer if the kind does not have as many.
        taken: Texts in lower case that may not be drawn. Those that are drawn are added to it.
    """
    out: list[str] = []
    for _ in range(n * _TRIES_PER_TEXT):
        if len(out) == n:
            break
        value = text_value(rng, spec)
        if value.lower() not in taken:
            taken.add(value.lower())
            out.append(value)
    return out


def number_value(rng: Rng, spec: str) -> int | float:
    """Draw a number. From a range of more than three powers of ten, small numbers are drawn often enough too.

    Args:
        rng: The source of random choices.
        spec: "int LOW HIGH", "int LOW HIGH STEP", "year LOW HIGH" or, for one decimal, "dec LOW HIGH".
    """
    kind, low, high, *step = spec.split(" ")
    if kind == "dec":
        return rng.between(round(float(low) * 10), round(float(high) * 10)) / 10
    bottom, top, by = int(low), int(high), int(step[0]) if step else 1
    if kind == "int" and bottom > 0 and top > bottom * 1000:
        for _ in range(rng.below(3)):
            if top // 10 > bottom * 10:
                top //= 10
    return bottom + by * rng.below((top - bottom) // by + 1)
