"""Some of a split's questions, the same for every model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from t2sql.data.example import Example
from t2sql.errors import InputError


def subset(examples: Sequence[Example], n: int | None, seed: int = 0) -> list[Example]:
    """Draw questions, the same for every model.

    The choice depends on seed and ids alone, and a smaller subset is part of a larger one.

    Args:
        examples: All questions.
        n: How many to draw; None, or as many as there are, takes all.
        seed: Decides which.

    Returns:
        The questions in their order.

    Raises:
        InputError: `n` is below 1.
    """
    if n is None or n >= len(examples):
        return list(examples)
    if n < 1:
        raise InputError("too few questions", expected="1 or more", found=n)

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{seed}\0{examples[index].id}\0{index}".encode()).digest()

    return [examples[index] for index in sorted(sorted(range(len(examples)), key=rank)[:n])]
