"""When a run ends before its last step: no better validation for long, or losses that make no sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from t2sql.errors import WorkError
from t2sql.train.saved import checkpoints

SETTLED = 20
"""Steps before which a high smoothed loss is not taken for divergence."""


class Patience:
    """Counts validations that were not better than the best before; 0 waits for ever."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.best = math.inf
        self.best_step = 0
        self.waited = 0

    def see(self, step: int, loss: float) -> None:
        if loss < self.best:
            self.best, self.best_step, self.waited = loss, step, 0
        else:
            self.waited += 1

    @property
    def over(self) -> bool:
        return bool(self.limit) and self.waited >= self.limit

    def state(self) -> dict[str, Any]:
        best = self.best if math.isfinite(self.best) else None
        return {"best": best, "best_step": self.best_step, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        best = state["best"]
        self.best = math.inf if best is None else best
        self.best_step, self.waited = state["best_step"], state["waited"]


def check_step(
    folder: Path,
    step: int,
    loss: float,
    grad_norm: float,
    smoothed: float,
    vocabulary: int,
    ids: Sequence[str],
) -> None:
    """WorkError with the step, its examples and the last good checkpoint when training has diverged: loss
    or gradient are not numbers, or the smoothed loss is twice that of guessing every token blindly."""
    if not math.isfinite(loss):
        raise diverged(folder, step, loss, "a finite loss", ids)
    if not math.isfinite(grad_norm):
        raise diverged(folder, step, grad_norm, "a finite gradient", ids)
    worst = 2 * math.log(vocabulary)
    if step > SETTLED and smoothed > worst:
        raise diverged(folder, step, f"{smoothed:.3g}", f"a smoothed loss under {worst:.3g}", ids)


def diverged(folder: Path, step: int, found: object, expected: str, ids: Sequence[str]) -> WorkError:
    good = checkpoints(folder)
    kept = f"The last good checkpoint is {good[-1].path}" if good else "There is no checkpoint yet"
    seen = f", examples {', '.join(ids)}" if ids else ""
    return WorkError(
        "training diverged",
        where=f"step {step}{seen}",
        expected=expected,
        found=found,
        hint=f"{kept}; lower --learning-rate",
    )
