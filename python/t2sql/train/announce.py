"""The start event and its warnings: sizes, the cache, what will be slow, and what may not fit in memory."""

from __future__ import annotations

from t2sql import _core
from t2sql.models import ModelRef, check_memory, flat
from t2sql.plain import JsonObject
from t2sql.runs.records import TrainStartEvent, WarningEvent
from t2sql.runtimes import available_memory, blas, device, policy
from t2sql.train.compute import Compute, held_bytes, keeps_stored
from t2sql.train.config import TrainConfig
from t2sql.train.emit import Emit
from t2sql.train.memory import Changes, Estimate, estimate, fitting_changes
from t2sql.train.model_shape import ModelShape
from t2sql.train.session import Session, TrainingData
from t2sql.train.setup import parameter_counts
from t2sql.train.workload import MeasureWork, measure_work


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
            settings=session.given.model_dump(mode="json"),
            device=device(),
            weights=session.loaded.weights,
            layers=session.network.computed_by,
            ranks=session.ranks.size,
            train_examples=session.order.lines,
            valid_examples=len(valid.examples),
            frozen_layers=session.first_trained,
            cached_bytes=train.memory_bytes + valid.memory_bytes,
            cached_disk_bytes=train.disk_bytes + valid.disk_bytes,
            cache=f"off: {train.cache_off}" if train.cache_off else "on",
            compute=session.compute.words,
            memory_estimate=None if expected is None else expected.to_dict(),
            memory_available=available,
        )
    )
    if policy().on_host and not blas.load().fast:
        message = f"MLX runs on a slow BLAS, training takes many times longer: {blas.load().note}"
        emit(WarningEvent(message=message))
    if session.network.left_to_mlx:
        message = f"layers are computed by MLX, which takes longer: {session.network.left_to_mlx}"
        emit(WarningEvent(message=message))
    if keeps_stored(session.config) and _core.amx_refused():
        message = f"this system lets no process use AMX: products are computed as {session.compute.words}"
        emit(WarningEvent(message=message))
    if not session.network.split:
        message = "the model's structure is not known to t2sql: every step runs the whole model"
        emit(WarningEvent(message=message))
    elif session.first_trained > 0 and train.cache_off:
        message = f"the frozen layers' output is computed at every step: {train.cache_off}"
        emit(WarningEvent(message=message))
    if warning:
        emit(WarningEvent(message=warning))


def check_fits(
    ref: ModelRef,
    settings: JsonObject,
    config: TrainConfig,
    examples: TrainingData,
    ranks: int,
    compute: Compute,
) -> None:
    """Refuse a training that takes more memory than there is, before the model is loaded.

    Args:
        ref: The base model.
        settings: Its config.json.
        config: The training's settings.
        examples: The encoded examples.
        ranks: Processes that train together.
        compute: What multiplies by the base's matrices.

    Raises:
        WorkError: There is less.
    """
    shape, available = ModelShape.of(settings), available_memory()
    if shape is None or available is None:
        return
    measure = measure_work(
        examples.paraphrases,
        examples.valid,
        ranks=ranks,
        # Where Rust may compute the layers, the smaller of the two estimates.
        model=lambda changed: held_bytes(ref, changed, compute),
    )
    need = estimate(config, shape, measure(config)).total
    if need > available:
        hint = f"{_hint(config, shape, measure, available)}."
        check_memory(need, what="train the model", where=ref.source, hint=hint[0].upper() + hint[1:])


def _memory(session: Session, available: int | None) -> tuple[Estimate | None, str | None]:
    """The estimate, where the model's sizes are known, and a warning when there is less."""
    shape, config, order = ModelShape.of(session.loaded.config), session.config, session.order
    if shape is None:
        return None, None
    held, full = _base_bytes(session), shape.parameters * (4 if policy().weights == "float32" else 2)

    def model(changed: TrainConfig) -> int:
        if changed.base_bits and not config.base_bits:
            return full * changed.base_bits // 16
        return full if changed.grad_checkpoint and not policy().keeps_quantized else held

    measure = measure_work(
        [order.examples[first : first + order.lines] for first in range(0, len(order.examples), order.lines)],
        session.valid.examples,
        ranks=session.ranks.size,
        model=model,
        native=lambda changed: session.network.shares_prefixes and not changed.grad_checkpoint,
    )
    expected = estimate(config, shape, measure(config))
    if available is None or expected.total <= available:
        return expected, None
    hint = _hint(config, shape, measure, available)
    message = (
        f"about {expected.total / 1e9:.1f} GB of memory will be needed "
        f"and {available / 1e9:.1f} GB are free; {hint}"
    )
    return expected, message


def _hint(config: TrainConfig, shape: ModelShape, measure: MeasureWork, available: int) -> str:
    changes = fitting_changes(config, shape, measure, available)
    if changes is None:
        return "no settings were found that fit: take a smaller model"
    return f"these would fit: {_options(changes)}"


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
