"""Several samples of one answer, and the one that most others agree with (self-consistency).

Wang et al., "Self-consistency improves chain of thought reasoning in language models" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

VOTE_TEMP = 0.7
"""Sampling temperature of the votes after the first, which is the most likely answer; 0.7 is the paper's for
its largest models (section 3.1)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Election:
    """Which ballot won.

    Attributes:
        index: The winner's index among the ballots; 0 where nobody voted.
        agreement: Fraction of all ballots that say the same as the winner, 0 to 1.
    """

    index: int
    agreement: float


def elect(ballots: Sequence[T | None], same: Callable[[T, T], bool]) -> Election:
    """Find the ballot that most ballots say the same as; of equals, the earliest.

    Args:
        ballots: The samples, such as statements or their results; None is a sample without a vote, which
            counts among all ballots.
        same: Whether two ballots say the same.
    """
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
