"""The training loop: steps, and after a step a report, a validation or a checkpoint where one is due."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from pathlib import Path

from t2sql.interrupts import interrupts_held
from t2sql.models import flat
from t2sql.runs.records import CheckpointEvent, TimedSchedule, TrainEvent, ValidEvent, WarningEvent
from t2sql.runtimes import mx, peak_memory, scalar
from t2sql.train.checkpoint_files import mark_best, remove_checkpoint, write_checkpoint
from t2sql.train.emit import Emit
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.ranks import LostRank
from t2sql.train.schedule import Deadline, announce_schedule, fitted, measure_pace, write_schedule
from t2sql.train.session import Session
from t2sql.train.step import Stepper
from t2sql.train.stopping import check_step, diverged

_USUAL_VOCABULARY = 1 << 17
"""Tokens assumed where config.json does not say; only a bound on the loss depends on it."""


class Loop:
    """Trains a session to its last step. Only the first rank emits and writes."""

    def __init__(self, session: Session, folder: Path, emit: Emit, deadline: Deadline | None = None) -> None:
        """Begin at the session's step.

        Args:
            session: The moving parts.
            folder: Where checkpoints are written.
            emit: Receives the events.
            deadline: When training should be over; None where its time is not limited.
        """
        self._session, self._folder, self._emit, self._deadline = session, folder, emit, deadline
        self._stepper = Stepper(session)
        self._saved_at = session.step
        self._valid_seconds = 0.0
        self._extra = 0 if self._is_due_to_save() else session.step
        """The step of a checkpoint that only an interruption wrote: the next one takes its place."""

    def run(self) -> None:
        """Train to the last step, or until validation has not improved for long enough.

        Raises:
            LostRank: Another process ended; the last whole step is then in a checkpoint.
            WorkError: Training diverged, or a checkpoint cannot be written.
        """
        session = self._session
        # A checkpointed layer is computed again in the backward pass; NumPy's results would be kept.
        exact = session.config.grad_checkpoint
        with nullcontext() if exact else fast_exponentials(session.loaded.model):
            if session.base_loss is None:
                session.base_loss = self._validate()
            if self._deadline is not None and session.schedule is None:
                self._fit_into(self._deadline)
            session.meter.begin()
            try:
                with session.ranks.guarded():
                    if session.step and self._is_due_to_validate() and session.validated_at != session.step:
                        # The validation of the last step was interrupted.
                        self._finish_step()
                    while not session.at_last_step and not session.patience.over:
                        self._step()
            except KeyboardInterrupt:
                # Each step is whole: a signal waits for its end.
                if session.ranks.size == 1 and session.step > self._saved_at:
                    with interrupts_held():
                        self._save(extra=not self._is_due_to_save())
                raise
            except LostRank as error:
                if session.ranks.first and session.step > self._saved_at:
                    self._save()
                raise LostRank(error.found, self._resume_hint()) from None

    def _fit_into(self, deadline: Deadline) -> None:
        """Measure the first steps, and set how many there will be; the first rank decides."""
        session = self._session
        pace = measure_pace(session, self._emit, deadline.seconds)
        schedule = fitted(
            session.given,
            pace,
            left=deadline.left,
            seconds=deadline.seconds,
            valid_seconds=self._valid_seconds,
            first_time=session.order.first_time,
        )
        document = session.ranks.broadcast_object(schedule.to_json() if session.ranks.first else None)
        schedule = TimedSchedule.from_json(document)
        if session.ranks.first:
            write_schedule(self._folder, schedule)
        session.follow(schedule)
        self._stepper = Stepper(session)
        announce_schedule(session, schedule, self._emit)

    def _step(self) -> None:
        """Take a step and do what is due after it."""
        session, config = self._session, self._session.config
        with interrupts_held():
            step, ids = self._stepper.take()
            check_step(
                self._folder, session.step, step, smoothed=session.meter.smoothed or 0.0,
                vocabulary=int(session.loaded.config.get("vocab_size") or 0) or _USUAL_VOCABULARY, ids=ids,
            )  # fmt: skip
            is_due = session.at_last_step or session.step % config.steps_per_report == 0
            report = self._report() if is_due else None
        if report is not None:
            self._emit(report)
        self._finish_step()

    def _finish_step(self) -> None:
        """Do what is due after a step beside its report."""
        session, last = self._session, self._session.at_last_step
        if self._is_due_to_validate():
            self._validate()
        over = session.patience.over
        if over and not last:
            self._warn_of_end()
        if over or self._is_due_to_save():
            self._save()
        if session.ranks.asked_to_stop:
            raise LostRank("SIGTERM")

    def _report(self) -> TrainEvent:
        session = self._session
        event = session.meter.report(
            session.step,
            learning_rate=session.config.learning_rate_at(session.step),
            memory_bytes=peak_memory(),
            cache_hits=session.train.take_cache_hits(),
        )
        session.train_loss = event.loss
        return event

    def _validate(self) -> float:
        """Measure the whole validation split, each rank its part of it."""
        began = time.perf_counter()
        session = self._session
        sums = session.valid.measure()
        if session.ranks.size > 1:
            total = session.ranks.all_sum(mx.array([sums.total, float(sums.count)]))
            sums.total, sums.count = scalar(total[0]), round(scalar(total[1]))
        loss, self._valid_seconds = sums.loss, time.perf_counter() - began
        self._emit(ValidEvent(step=session.step, loss=loss, seconds=self._valid_seconds))
        if not math.isfinite(loss):
            raise diverged(self._folder, session.step, loss, "a finite validation loss", ())
        # Together and last: what was interrupted before is measured again.
        with interrupts_held():
            session.valid_loss, session.validated_at = loss, session.step
            session.patience.see(session.step, loss)
        return loss

    def _warn_of_end(self) -> None:
        session, patience = self._session, self._session.patience
        message = (
            f"training stops at step {session.step}: validation has not improved in {patience.waited} "
            f"measurements (best {patience.best:.4f} at step {patience.best_step})"
        )
        self._emit(WarningEvent(message=message))

    def _is_due_to_validate(self) -> bool:
        return self._session.at_last_step or self._session.step % self._session.config.steps_per_eval == 0

    def _is_due_to_save(self) -> bool:
        return self._session.at_last_step or self._session.step % self._session.config.save_every == 0

    def _save(self, *, extra: bool = False) -> None:
        session = self._session
        self._saved_at = session.step
        if not session.ranks.first:
            return
        if not extra and self._extra and self._extra != session.step:
            # A run that was interrupted then has the checkpoints of one that was not.
            remove_checkpoint(self._folder, self._extra)
        self._extra = session.step if extra else 0
        path = write_checkpoint(
            self._folder,
            session.step,
            weights=flat(session.loaded.model.trainable_parameters()),
            optimizer=flat(session.optimizer.state),
            adapter_config=session.adapter_config,
            state=session.state(),
        )
        best = mark_best(self._folder)
        is_best = best is not None and best.step == session.step
        self._emit(CheckpointEvent(step=session.step, path=str(path), best=is_best))

    def _resume_hint(self) -> str:
        if self._saved_at:
            return f"Step {self._saved_at} is kept: go on with --resume"
        return "No step was done: start again with --resume"
