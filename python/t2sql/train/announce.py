"""The start event and its warnings: sizes, the cache, what will be slow, and what may not fit in memory."""

from __future__ import annotations

from t2sql.models import flat
from t2sql.runs.records import TrainStartEvent, WarningEvent
from t2sql.runtimes import blas, device, policy
from t2sql.train.loop import Emit
from t2sql.train.memory import Changes, Estimate, Workload, estimate, fitting_changes
from t2sql.train.model_shape import ModelShape
from t2sql.train.session import Session
from t2sql.train.setup import parameter_counts


def announce(session: Session, emit: Emit, available: int | None) -> None:
    """Emit the start event and warnings.

    Args:
        session: The run, before its first step.
        emit: Receives the events.
        available: Bytes that were free before the model was loaded; None when that is not known.
    """
    total, trainable = parameter_counts(session.loaded.model)
    train, valid = session.train, session.valid
    expected, warning = _memory(session, available)
    emit(
        TrainStartEvent(
            total_parameters=total,
            trainable_parameters=trainable,
            settings=session.config.model_dump(mode="json"),
            device=device(),
            weights=session.loaded.weights,
            ranks=session.ranks.size,
            train_examples=session.order.lines,
            valid_examples=len(valid.examples),
            frozen_layers=session.first_trained,
            cached_bytes=train.memory_bytes + valid.memory_bytes,
            cached_disk_bytes=train.disk_bytes + valid.disk_bytes,
            cache=f"off: {train.cache_off}" if train.cache_off else "on",
            memory_estimate=None if expected is None else expected.to_dict(),
            memory_available=available,
        )
    )
    if policy().on_host and not blas.load().fast:
        message = f"MLX runs on a slow BLAS, training takes many times longer: {blas.load().note}"
        emit(WarningEvent(message=message))
    if not session.network.split:
        message = "the model's structure is not known to t2sql: every step runs the whole model"
        emit(WarningEvent(message=message))
    elif session.first_trained > 0 and train.cache_off:
        message = f"the frozen layers' output is computed at every step: {train.cache_off}"
        emit(WarningEvent(message=message))
    if warning:
        emit(WarningEvent(message=warning))


def _memory(session: Session, available: int | None) -> tuple[Estimate | None, str | None]:
    """The estimate, where the model's sizes are known, and a warning when there is less."""
    shape, config = ModelShape.of(session.loaded.config), session.config
    if shape is None:
        return None, None
    examples = session.order.examples + list(session.valid.examples)
    work = Workload(
        longest=max(e.length for e in examples),
        targets=max(len(e.ids) - e.first for e in examples),
        tokens=sum(e.length for e in examples),
        weight_bits=8 * _base_bytes(session) / shape.parameters,
        native=session.network.shares_prefixes,
        ranks=session.ranks.size,
    )
    expected = estimate(config, shape, work)
    if available is None or expected.total <= available:
        return expected, None
    changes = fitting_changes(config, shape, work, available)
    if changes is None:
        hint = "no settings were found that fit: take a smaller model"
    else:
        hint = f"these would fit: {_options(changes)}"
    message = (
        f"about {expected.total / 1e9:.1f} GB of memory will be needed "
        f"and {available / 1e9:.1f} GB are free; {hint}"
    )
    return expected, message


def _base_bytes(session: Session) -> int:
    """Bytes of the weights without the adapter."""
    model = session.loaded.model
    total = sum(value.nbytes for value in flat(model.parameters()).values())
    if session.config.fine_tune_type == "full":
        return total
    return total - sum(value.nbytes for value in flat(model.trainable_parameters()).values())


def _options(changes: Changes) -> str:
    """Settings as command-line options."""
    return " ".join(
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in changes.items()
    )
