"""How a run's time is divided among its stages."""

from __future__ import annotations

from collections.abc import Sequence

SECONDS = {
    "data": 20,
    "train": 330,
    "test": 60,
    "fuse": 10,
    "convert": 10,
    "quantize": 10,
    "verify": 60,
    "compare": 95,
    "report": 5,
}
"""Seconds of each stage in the demo's ten minutes; of another time each gets as large a part."""


def stage_seconds(name: str, minutes: float | None, planned: Sequence[str]) -> float | None:
    """A stage's part of a run's time, in seconds.

    Args:
        name: The stage.
        minutes: Minutes for all stages that are planned; None where they are not limited.
        planned: Those stages.
    """
    if minutes is None:
        return None
    return 60 * minutes * SECONDS[name] / sum(SECONDS.get(stage, 0) for stage in {name, *planned})
