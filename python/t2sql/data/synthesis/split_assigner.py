"""Which split a statement goes to: statements that differ only in their values go to the same."""

from __future__ import annotations

from t2sql.sql import tokens


def without_values(sql: str) -> str:
    """Return a statement with "?" in place of its values."""
    return "".join("?" if kind in ("string", "number") else text for kind, text in tokens(sql))


class SplitAssigner:
    """Fills splits in step, so that each has statements of all kinds."""

    def __init__(self, sizes: dict[str, int]) -> None:
        """Fill splits up to these numbers of examples."""
        self._sizes = sizes
        self._counts = dict.fromkeys(sizes, 0)
        self._split_of: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        """Whether every split has all its examples."""
        return self._counts == self._sizes

    def choose(self, sql: str) -> str | None:
        """Return the split that a statement belongs to; None if that one has no room for it now."""
        split = self._split_of.get(without_values(sql))
        if split is None:
            return min(self._sizes, key=self._fraction)
        # A statement with many values must not fill a small split before others have come.
        fraction = sum(self._counts.values()) / sum(self._sizes.values())
        room = min(self._sizes[split], fraction * self._sizes[split] + 1)
        return split if self._counts[split] < room else None

    def add(self, sql: str, split: str) -> None:
        """Record that a statement was added to a split."""
        self._split_of[without_values(sql)] = split
        self._counts[split] += 1

    def _fraction(self, split: str) -> float:
        return self._counts[split] / self._sizes[split]
