"""Random choices that are the same on every version of Python: built on `random.random()` alone."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class NoSample(Exception):
    """An attempt to draw something at random came to nothing; the next attempt may succeed."""


class Rng:
    """A source of random choices.

    Of Python's generator, `random()` is the only method whose sequence Python promises to keep for a seed:
    https://docs.python.org/3/library/random.html#notes-on-reproducibility.
    """

    def __init__(self, seed: str) -> None:
        """Start the sequence that belongs to `seed`."""
        self._random = random.Random(seed)

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        return self._random.random()

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n - 1."""
        return int(self._random.random() * n)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._random.random() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items, which must not be empty."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher and Yates)."""
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out

    def sample(self, items: Sequence[T], n: int) -> list[T]:
        """Return `n` different items in random order, or all if there are fewer."""
        return self.shuffled(items)[:n]

    def sample_in_order(self, items: Sequence[T], n: int) -> list[T]:
        """Return `n` different items, or all if there are fewer, in the order that they have in `items`."""
        return [items[i] for i in sorted(self.sample(range(len(items)), n))]

    def weighted_choice(self, weights: Mapping[str, float]) -> str:
        """Return one of the names, each with a probability in proportion to its weight.

        Args:
            weights: Names with weights that are not negative; at least one is above 0.
        """
        pairs = [(name, float(weight)) for name, weight in weights.items() if weight]
        point = self.random() * sum(weight for _, weight in pairs)
        for name, weight in pairs:
            point -= weight
            if point < 0:
                return name
        # Rounding can leave a rest of the last weight.
        return pairs[-1][0]
