"""Which split a statement goes to: statements that differ in their values alone go to the same."""

from __future__ import annotations

from t2sql.sql import tokens


def masked(sql: str) -> str:
    """The statement with its values left out."""
    return "".join("?" if kind in ("string", "number") else text for kind, text in tokens(sql))


class Splits:
    """Fills splits in step. `place` says where a statement belongs, or None when it has no room there."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self._taken = dict.fromkeys(sizes, 0)
        self._placed: dict[str, str] = {}

    @property
    def full(self) -> bool:
        return self._taken == self.sizes

    def place(self, sql: str) -> str | None:
        split = self._placed.get(masked(sql))
        if split is None:
            return min(self.sizes, key=self._filled)
        # A form with many values must not fill a small split before others have come.
        share = sum(self._taken.values()) / sum(self.sizes.values())
        room = min(self.sizes[split], share * self.sizes[split] + 1)
        return split if self._taken[split] < room else None

    def take(self, sql: str, split: str) -> None:
        self._placed[masked(sql)] = split
        self._taken[split] += 1

    def _filled(self, split: str) -> float:
        return self._taken[split] / self.sizes[split]
