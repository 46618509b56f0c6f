"""Encoded examples with common beginnings, for the tests of batches of spans."""

from __future__ import annotations

import random

from t2sql.train.encoding import Encoded


def alike(lengths: list[tuple[int, int, int]]) -> list[Encoded]:
    """Examples of (which beginning, its length, own length)."""
    rng = random.Random(4)
    made = []
    for i, (family, common, own) in enumerate(lengths):
        head = random.Random(family).choices(range(60), k=common)
        ids = (*head, *rng.choices(range(60), k=own))
        made.append(Encoded(str(i), ids, max(1, len(ids) - 4)))
    return made
