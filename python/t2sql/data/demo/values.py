"""Values for the columns of the demo's databases: plausible, varied, and the same for the same seed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from t2sql.data.rng import Rng

NUMERIC = ("int", "dec", "year")


@cache
def pool(name: str) -> tuple[str, ...]:
    text = files(__package__).joinpath("values.toml").read_text(encoding="utf-8")
    return tuple(" ".join(part.split()) for part in tomllib.loads(text)[name].split(","))


def text_value(rng: Rng, spec: str) -> str:
    """One text of a kind: "person", "of A;B", "pair A;B + C;D", "code A;B 1 99", "place River"…"""
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
    """Up to n different texts, none of them in `taken`, to which they are added."""
    out: list[str] = []
    for _ in range(n * 40):
        if len(out) == n:
            break
        value = text_value(rng, spec)
        if value.lower() not in taken:
            taken.add(value.lower())
            out.append(value)
    return out


def number_value(rng: Rng, spec: str) -> int | float:
    """One number: "int LOW HIGH [STEP]", "year LOW HIGH" or "dec LOW HIGH" with one decimal.

    A range of more than three powers of ten is drawn by size, so that small values occur too.
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
