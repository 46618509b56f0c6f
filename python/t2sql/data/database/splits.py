"""Which split a statement goes to: statements that differ in their values alone go to the same."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.sql import tokens


def masked(sql: str) -> str:
    """The statement with its values left out."""
    return "".join("?" if kind in ("string", "number") else text for kind, text in tokens(sql))


class Splits:
    """Fills splits to their sizes. `place` says where a statement belongs, or None when there is no room."""

    def __init__(self, sizes: dict[str, int], rng: Rng) -> None:
        self.left = dict(sizes)
        self._rng = rng
        self._placed: dict[str, str] = {}

    @property
    def full(self) -> bool:
        return not any(self.left.values())

    def place(self, sql: str) -> str | None:
        form = masked(sql)
        if form in self._placed:
            split = self._placed[form]
            return split if self.left[split] else None
        at = self._rng.below(sum(self.left.values()))
        for split, left in self.left.items():
            at -= left
            if at < 0:
                return split
        return None

    def take(self, sql: str, split: str) -> None:
        self._placed[masked(sql)] = split
        self.left[split] -= 1
