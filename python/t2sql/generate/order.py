"""In which order prompts are answered, so that a slot's cache holds the start of the next prompt."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence


class Runs:
    """Prompts in alphabetical order, cut into one run per slot: prompts that begin alike follow each other.

    A slot that has done its run takes from the end of the longest one left.
    """

    def __init__(self, texts: Sequence[str], count: int) -> None:
        self.count = count
        self._lock = threading.Lock()
        order = sorted(range(len(texts)), key=lambda index: texts[index])
        bounds = [len(order) * part // max(1, count) for part in range(count + 1)]
        self._runs = [deque(order[bounds[part] : bounds[part + 1]]) for part in range(count)]

    def next(self, slot: int) -> int | None:
        """The index of the next prompt for `slot`, or None when all are taken."""
        with self._lock:
            if self._runs[slot]:
                return self._runs[slot].popleft()
            longest = max(self._runs, key=len)
            return longest.pop() if longest else None
