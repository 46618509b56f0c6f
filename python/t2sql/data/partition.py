"""Examples that come in one heap, put into train, valid and test."""

from __future__ import annotations

import hashlib

from t2sql.data.dataset import Example
from t2sql.errors import InputError

_VALID, _TEST = 0.1, 0.1


def partition(examples: list[Example], *, seed: int, where: object) -> dict[str, list[Example]]:
    """A tenth each to valid and test. Examples with one answer, or with one question, stay together."""
    groups = _groups(examples)
    if len(groups) < 3:
        raise InputError(
            "too few examples for three splits", where=where, expected="3 that differ", found=len(groups)
        )
    order = sorted(groups, key=lambda group: _rank(examples[group[0]], seed))
    want_valid, want_test = (max(1, round(len(examples) * share)) for share in (_VALID, _TEST))
    splits: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for at, group in enumerate(order):
        left = len(order) - at
        if not splits["test"] or (len(splits["test"]) + len(group) <= want_test and left > 2):
            splits["test"] += group
        elif not splits["valid"] or (len(splits["valid"]) + len(group) <= want_valid and left > 1):
            splits["valid"] += group
        else:
            splits["train"] += group
    return {name: [examples[i] for i in sorted(chosen)] for name, chosen in splits.items()}


def _groups(examples: list[Example]) -> list[list[int]]:
    """The examples' numbers, together where a chain of equal answers or questions joins them."""
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
