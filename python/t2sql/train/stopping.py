"""When training ends before its last step: no improvement for long, or losses that make no sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from t2sql.errors import WorkError
from t2sql.runs.records import PatienceState
from t2sql.train.checkpoint_files import checkpoints
from t2sql.train.meter import Step

SETTLED = 20
"""Steps before which a high smoothed loss is not taken for divergence."""


class Patience:
    """Counts validations that were no improvement.

    Attributes:
        limit: How many of them end the training; 0 for never.
        best: The lowest validation loss.
        best_step: Its step.
        waited: Validations since then.
    """

    def __init__(self, limit: int) -> None:
        """Begin without a validation."""
        self.limit = limit
        self.best = math.inf
        self.best_step = 0
        self.waited = 0

    def see(self, step: int, loss: float) -> None:
        """Count the validation at a step."""
        if loss < self.best:
            self.best, self.best_step, self.waited = loss, step, 0
        else:
            self.waited += 1

    @property
    def over(self) -> bool:
        """Whether training should end."""
        return bool(self.limit) and self.waited >= self.limit

    def state(self) -> PatienceState:
        """What a checkpoint keeps."""
        best = self.best if math.isfinite(self.best) else None
        return PatienceState(best=best, best_step=self.best_step, waited=self.waited)

    def restore(self, state: PatienceState) -> None:
        """Go on from a checkpoint's `state`."""
        self.best = math.inf if state.best is None else state.best
        self.best_step, self.waited = state.best_step, state.waited


def check_step(
    folder: Path, number: int, step: Step, *, smoothed: float, vocabulary: int, ids: Sequence[str]
) -> None:
    """Check that training has not diverged.

    Args:
        folder: The directory of checkpoints, for the error's hint.
        number: The step's number.
        step: Its measurements.
        smoothed: The smoothed loss.
        vocabulary: Tokens in the model's vocabulary. From `SETTLED` steps on, the smoothed loss may be at
            most twice ln(vocabulary), the loss of guessing every token blindly.
        ids: The step's examples, for the error.

    Raises:
        WorkError: Loss or gradient are not finite, or the smoothed loss is too high.
    """
    if not math.isfinite(step.loss):
        raise diverged(folder, number, step.loss, "a finite loss", ids)
    if not math.isfinite(step.grad_norm):
        raise diverged(folder, number, step.grad_norm, "a finite gradient", ids)
    limit = 2 * math.log(vocabulary)
    if number > SETTLED and smoothed > limit:
        raise diverged(folder, number, f"{smoothed:.3g}", f"a smoothed loss under {limit:.3g}", ids)


def diverged(folder: Path, step: int, found: object, expected: str, ids: Sequence[str]) -> WorkError:
    """The error for a training that diverged; its hint names the last good checkpoint in `folder`."""
    good = checkpoints(folder)
    last = f"The last good checkpoint is {good[-1].path}" if good else "There is no checkpoint yet"
    examples = f", examples {', '.join(ids)}" if ids else ""
    return WorkError(
        "training diverged",
        where=f"step {step}{examples}",
        expected=expected,
        found=found,
        hint=f"{last}; lower --learning-rate",
    )
