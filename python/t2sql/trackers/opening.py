"""The trackers behind one small protocol. Each is an optional package, imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, get_args

from t2sql.errors import InputError, MissingPartError

TrackerName: TypeAlias = Literal["tensorboard", "wandb"]
TRACKERS: tuple[TrackerName, ...] = get_args(TrackerName)
PROJECT = "t2sql"
"""The project in which the runs are."""

Settings: TypeAlias = Mapping[str, object]


class Tracker(Protocol):
    """A run in a tracker."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take the metrics of a step; the same step may come again, and an earlier one after a later."""

    def close(self) -> None:
        """Write what is left, and end the run."""


def open_tracker(name: str, run: Path, settings: Settings) -> Tracker:
    """Begin a run in a tracker.

    Args:
        name: One of `TRACKERS`. Where it stores and who may is the tracker's own business: its environment
            variables, such as WANDB_MODE, hold. TensorBoard's files go to the folder
            `tensorboard` beside the run's directory.
        run: The run's directory, whose name the run has in the tracker.
        settings: The run's settings.

    Raises:
        InputError: There is no such tracker.
        MissingPartError: Its package is not installed.
    """
    if name not in _OPENERS:
        raise InputError("unknown tracker", expected=" or ".join(TRACKERS), found=repr(name))
    try:
        return _OPENERS[name](run, settings)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != name:
            raise
        hint = f"Install it: pip install 't2sql[{name}]'"
        raise MissingPartError("the tracker is not installed", found=f"no {name}", hint=hint) from None


class _TensorBoard:
    """Event files that `tensorboard --logdir` shows."""

    def __init__(self, run: Path, settings: Settings) -> None:
        writer = import_module("tensorboard.summary").Writer
        self._writer: Any = writer(str(run.parent / "tensorboard" / run.name))

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _Wandb:
    """A run of Weights & Biases; it takes steps in any order only as a metric of their own."""

    def __init__(self, run: Path, settings: Settings) -> None:
        wandb: Any = import_module("wandb")
        self._run = wandb.init(project=PROJECT, name=run.name, config=dict(settings))
        self._run.define_metric("*", step_metric="step")

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self._run.log({**metrics, "step": step})

    def close(self) -> None:
        self._run.finish()


_OPENERS: Mapping[str, Callable[[Path, Settings], Tracker]] = {
    "tensorboard": _TensorBoard,
    "wandb": _Wandb,
}
