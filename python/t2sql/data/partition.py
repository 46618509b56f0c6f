"""Examples without splits, divided into train, valid and test."""

from __future__ import annotations

import hashlib

from t2sql.data.example import Example, Splits
from t2sql.errors import InputError

_VALID_FRACTION, _TEST_FRACTION = 0.1, 0.1
"""The usual 80/10/10; the recipe of a database has the same fractions."""


def partition(examples: list[Example], *, seed: int, where: object) -> Splits:
    """Divide examples into the three splits, about a tenth each for valid and test.

    Examples with the same answer or the same question stay together, so that no split leaks into another.

    Args:
        examples: The examples.
        seed: Which of the possible divisions to take.
        where: The examples' file, for error messages.

    Raises:
        InputError: Fewer than three groups of examples differ.
    """
    groups = _groups(examples)
    if len(groups) < 3:
        raise InputError(
            "too few examples for three splits", where=where, expected="3 that differ", found=len(groups)
        )
    order = sorted(groups, key=lambda group: _rank(examples[group[0]], seed))
    most_valid = max(1, round(len(examples) * _VALID_FRACTION))
    most_test = max(1, round(len(examples) * _TEST_FRACTION))
    splits: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for index, group in enumerate(order):
        groups_left = len(order) - index
        if not splits["test"] or (len(splits["test"]) + len(group) <= most_test and groups_left > 2):
            splits["test"] += group
        elif not splits["valid"] or (len(splits["valid"]) + len(group) <= most_valid and groups_left > 1):
            splits["valid"] += group
        else:
            splits["train"] += group
    return {name: [examples[i] for i in sorted(chosen)] for name, chosen in splits.items()}


def _groups(examples: list[Example]) -> list[list[int]]:
    """Return the examples' indices, grouped by equal answers or questions (the connected components)."""
    parent = list(range(len(examples)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, example in enumerate(examples):
        for key in (("answer", example.completion.strip()), ("question", example.prompt.strip())):
            j = root(first.setdefault(key, i))
            parent[max(root(i), j)] = min(root(i), j)
    groups: dict[int, list[int]] = {}
    for i in range(len(examples)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def _rank(example: Example, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{example.prompt}\0{example.completion}".encode()).digest()
