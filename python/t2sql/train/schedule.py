"""Steps for a limited time: the first ones are measured, taken back, and as many planned as fit."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError, WorkError
from t2sql.files import write_json
from t2sql.models import flat
from t2sql.plain import parse_json
from t2sql.runs import RunLayout
from t2sql.runs.records import ProgressEvent, RecordError, ScheduleEvent, TimedSchedule
from t2sql.runtimes import mx, scalar, tree_unflatten
from t2sql.train.checkpoint_files import CheckpointInfo
from t2sql.train.config import TrainConfig
from t2sql.train.emit import Emit
from t2sql.train.session import Session
from t2sql.train.step import Stepper

MOST_MEASURED = 12
"""Steps that are measured at most, the first one excepted: it fills caches and does not count."""

MEASURING = 0.02
"""Fraction of the time after which measuring ends early."""

MARGIN = 0.03
"""Fraction of the time that is left free, for checkpoints and for steps slower than those measured."""


@dataclass(frozen=True)
class Deadline:
    """When training should be over.

    Attributes:
        began: The reading of `time.perf_counter` when training began.
        seconds: Time for all of it, in seconds.
    """

    began: float
    seconds: float

    @property
    def left(self) -> float:
        """Seconds until then."""
        return self.began + self.seconds - time.perf_counter()


@dataclass(frozen=True)
class Pace:
    """Seconds of an average step.

    Attributes:
        first: In the first epoch, which computes the frozen layers.
        later: In later ones, which may have their output in the cache.
        measured: Steps that were measured.
    """

    first: float
    later: float
    measured: int


def recorded_schedule(folder: Path, config: TrainConfig, last: CheckpointInfo | None) -> TimedSchedule | None:
    """The schedule of a run that is gone on with; None where none was set, or time is not limited.

    Args:
        folder: The directory of checkpoints.
        config: The settings.
        last: The checkpoint that training goes on from.

    Raises:
        InputError: It does not parse, or is missing beside a checkpoint.
    """
    if config.minutes is None:
        return None
    file = RunLayout(folder.parent).schedule
    try:
        return TimedSchedule.from_json(parse_json(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        if last is None:
            return None
        hint = "Without it the number of steps is not known: start another run"
        raise InputError(
            "the run's schedule is gone", where=file, expected="schedule.json", hint=hint
        ) from None
    except (ValueError, RecordError, OSError) as error:
        raise InputError("schedule.json does not parse", where=file, found=error) from None


def write_schedule(folder: Path, schedule: TimedSchedule) -> None:
    """Write a run's schedule beside its checkpoints.

    Raises:
        WorkError: It cannot be written.
    """
    file = RunLayout(folder.parent).schedule
    try:
        write_json(file, schedule.to_json())
    except OSError as error:
        raise WorkError("the schedule cannot be written", where=file, found=error) from None


def measure_pace(session: Session, emit: Emit, seconds: float) -> Pace:
    """Take the first steps for their time; afterwards weights, optimizer and counters are as before.

    All ranks do so together, and take as many steps.

    Args:
        session: A session before its first step.
        emit: Receives how far measuring is.
        seconds: Time for the whole training.
    """
    model = session.loaded.model
    before = dict(flat(model.trainable_parameters()))
    stepper, began = Stepper(session), time.perf_counter()
    taken = [stepper.take()[0]]
    while len(taken) <= MOST_MEASURED:
        done = len(taken)
        emit(ProgressEvent(done=done, total=1 + MOST_MEASURED, unit="steps", label="measuring steps"))
        taken.append(stepper.take()[0])
        spent = mx.array(time.perf_counter() - began)
        if scalar(session.ranks.all_sum(spent)) > MEASURING * seconds * session.ranks.size:
            break
    first = later = taken[1:]
    if session.train.cache is not None:
        session.step = 1
        later = [stepper.take()[0] for _ in first]
    model.update(tree_unflatten(list(before.items())))
    session.begin_again()
    parts, packed = session.config.grad_accumulation_steps, session.network.packs_rows
    rows = session.order.mean_rows(session.ranks.size, parts, packed=packed)
    # The median, because a GPU compiles a function for each new shape.
    each = [statistics.median(s.seconds / s.rows for s in steps) * rows for steps in (first, later)]
    return Pace(each[0], each[1], len(taken) - 1)


def fitted(
    config: TrainConfig, pace: Pace, *, left: float, seconds: float, valid_seconds: float, first_time: int
) -> TimedSchedule:
    """The settings' schedule, shortened in proportion until it fits.

    Args:
        config: The settings.
        pace: What a step takes.
        left: Seconds until training should be over.
        seconds: Time for the whole training, in seconds.
        valid_seconds: What a measurement of the validation loss takes, in seconds.
        first_time: Steps whose examples are met for the first time.
    """
    validations = -(-config.iters // config.steps_per_eval)
    left = left - MARGIN * seconds - validations * valid_seconds
    steps = int(left / pace.first)
    if steps > first_time:
        steps = first_time + int((left - first_time * pace.first) / pace.later)
    steps = max(1, min(steps, config.iters))

    def scaled(count: int) -> int:
        """A number of steps in the same proportion, rounded up."""
        return count if steps == config.iters else -(-count * steps // config.iters)

    return TimedSchedule(
        iters=steps,
        warmup=scaled(config.warmup),
        steps_per_eval=scaled(config.steps_per_eval),
        save_every=scaled(config.save_every),
        seconds=seconds,
        step_seconds=pace.first,
        valid_seconds=valid_seconds,
        measured=pace.measured,
    )


def announce_schedule(session: Session, schedule: TimedSchedule, emit: Emit) -> None:
    """Emit how many of the settings' steps fit."""
    emit(
        ScheduleEvent(
            iters=schedule.iters,
            most=session.given.iters,
            steps_per_eval=schedule.steps_per_eval,
            seconds=schedule.seconds,
            step_seconds=schedule.step_seconds,
        )
    )
