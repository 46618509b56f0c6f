"""Several samples of one answer, and which of them most others agree with (self-consistency).

Wang et al., "Self-consistency improves chain of thought reasoning in language models" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

VOTE_TEMP = 0.7
"""The temperature of the samples after the first, which is the likeliest answer."""

T = TypeVar("T")


@dataclass(frozen=True)
class Election:
    """The place of the winner, and the share of all ballots that say the same."""

    index: int
    agreement: float


def elect(ballots: Sequence[T | None], same: Callable[[T, T], bool]) -> Election:
    """The ballot that most say the same as; of equals, the earliest. None is no vote."""
    groups: list[tuple[T, list[int]]] = []
    for index, ballot in enumerate(ballots):
        if ballot is None:
            continue
        for first, members in groups:
            if same(first, ballot):
                members.append(index)
                break
        else:
            groups.append((ballot, [index]))
    if not groups:
        return Election(0, 0.0)
    _, winners = max(groups, key=lambda group: len(group[1]))
    return Election(winners[0], len(winners) / len(ballots))
