"""What is said when a run begins: its sizes, what is kept, what will be slow, and what may not fit."""

from __future__ import annotations

from typing import Any

from t2sql.models import flat
from t2sql.runtimes import blas, device
from t2sql.train.memory import Estimate, Shape, estimate, fitting
from t2sql.train.session import Session
from t2sql.train.setup import parameter_counts


def announce(session: Session, have: int | None) -> None:
    """The start event and its warnings. `have` is how many bytes were free before the model was loaded."""
    total, trainable = parameter_counts(session.model)
    train, valid, emit = session.train, session.valid, session.emit
    expected, too_much = _memory(session, have)
    emit(
        "start",
        total_parameters=total,
        trainable_parameters=trainable,
        settings=session.config.model_dump(mode="json"),
        device=device(),
        weights=session.loaded.weights,
        ranks=session.ranks.size,
        train_examples=session.order.lines,
        valid_examples=len(valid.examples),
        frozen_layers=session.start,
        cached_bytes=train.memory_bytes + valid.memory_bytes,
        cached_disk_bytes=train.disk_bytes + valid.disk_bytes,
        cache=f"off: {train.off}" if train.off else "on",
        memory_estimate=None if expected is None else expected.to_dict(),
        memory_available=have,
    )
    if device() == "cpu" and not blas.load().fast:
        message = f"MLX runs on a slow BLAS, training takes many times longer: {blas.load().note}"
        emit("warning", message=message)
    if not session.network.split:
        message = "the model's structure is not known to t2sql: every step runs the whole model"
        emit("warning", message=message)
    elif session.start > 0 and train.off:
        emit("warning", message=f"the frozen layers' output is computed at every step: {train.off}")
    if too_much:
        emit("warning", message=too_much)


def _memory(session: Session, have: int | None) -> tuple[Estimate | None, str | None]:
    """The estimate, where the model's sizes are known, and a warning when there is less."""
    shape, config = Shape.of(session.loaded.config), session.config
    if shape is None:
        return None, None
    examples = session.order.examples + list(session.valid.examples)
    held = sum(value.nbytes for value in flat(session.model.parameters()).values())
    if config.fine_tune_type != "full":
        held -= sum(value.nbytes for value in flat(session.model.trainable_parameters()).values())
    longest = max(examples, key=lambda e: e.length)
    sizes: dict[str, Any] = {
        "width": longest.length,
        "targets": max(len(e.ids) - e.first for e in examples),
        "tokens": sum(e.length for e in examples),
        "native": session.network.shares,
        "ranks": session.ranks.size,
    }
    bits = 8 * held / shape.parameters
    expected = estimate(config, shape, weight_bits=bits, **sizes)
    if have is None or expected.total <= have:
        return expected, None
    less = fitting(config, shape, have, weight_bits=bits, **sizes)
    if less is None:
        hint = "no settings were found that fit: take a smaller model"
    else:
        hint = "these would fit: " + " ".join(
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
            for name, value in less.items()
        )
    message = f"about {expected.total / 1e9:.1f} GB of memory will be needed and {have / 1e9:.1f} GB are free"
    return expected, f"{message}; {hint}"
