"""The order in which prompts are answered, so that a slot's cache holds the beginning of its next prompt."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence


class PromptQueue:
    """Prompts in alphabetical order, cut into one part per slot: prompts that begin alike follow each other.

    A slot that has finished its part takes prompts from the end of the longest part left (work stealing).
    Threads may share it.

    Attributes:
        slots: How many parts there are.
    """

    def __init__(self, prompts: Sequence[str], slots: int) -> None:
        """Sort and cut.

        Args:
            prompts: The texts; their indexes are what `next` gives.
            slots: How many parts to cut them into; at least 1 unless there are no prompts.
        """
        self.slots = slots
        self._lock = threading.Lock()
        order = sorted(range(len(prompts)), key=lambda index: prompts[index])
        bounds = [len(order) * part // max(1, slots) for part in range(slots + 1)]
        self._parts = [deque(order[bounds[part] : bounds[part + 1]]) for part in range(slots)]

    def next(self, slot: int) -> int | None:
        """Take the index of the next prompt for `slot`; None when all are taken."""
        with self._lock:
            if self._parts[slot]:
                return self._parts[slot].popleft()
            longest = max(self._parts, key=len)
            return longest.pop() if longest else None
