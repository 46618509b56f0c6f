"""events.jsonl: the kinds of events that single stages have."""

from __future__ import annotations

from dataclasses import dataclass, field

from t2sql.plain import Json
from t2sql.runs.records.checkpoints import ValidationScore
from t2sql.runs.records.codec import ABSENT
from t2sql.runs.records.events import Event, StartEvent


@dataclass(frozen=True, kw_only=True)
class TrainStartEvent(StartEvent):
    """Stage `train` begins: the same kind as `start`, with what is known once the model is loaded.

    Attributes:
        total_parameters: Parameters of the model with its adapter.
        trainable_parameters: Those that are trained.
        settings: The training settings, by name.
        device: MLX's device, "cpu" or "gpu".
        weights: The dtype (or quantization) of the base model's weights.
        layers: Who computes the layers: "Rust", or "MLX" and, where Rust cannot, why.
        ranks: Processes that train together.
        train_examples: Training examples that are used.
        valid_examples: Validation examples that are used.
        frozen_layers: Layers before the first trained one.
        cached_bytes: Memory for the frozen layers' cached outputs, in bytes.
        cached_disk_bytes: The same on disk, in bytes.
        cache: "on", or "off: " and why the frozen layers' outputs are not cached.
        compute: The numbers that frozen matrices are multiplied in, and the instructions that do so.
        memory_estimate: Memory that training is expected to need, in bytes, by part; null where the model's
            sizes
            are not known.
        memory_available: Memory that was free before the model was loaded, in bytes.
    """

    total_parameters: int
    trainable_parameters: int
    settings: dict[str, Json] = field(default_factory=dict)
    device: str | None = None
    weights: str | None = None
    layers: str | None = field(default=None, metadata=ABSENT)
    ranks: int = 1
    train_examples: int | None = None
    valid_examples: int | None = None
    frozen_layers: int | None = None
    cached_bytes: int | None = None
    cached_disk_bytes: int | None = None
    cache: str | None = None
    compute: str | None = field(default=None, metadata=ABSENT)
    memory_estimate: dict[str, int] | None = None
    memory_available: int | None = None


@dataclass(frozen=True, kw_only=True)
class ScheduleEvent(Event):
    """The number of steps that fit into the time, which `minutes` set a limit to.

    Attributes:
        iters: Optimizer steps that will be done.
        most: Those of the settings.
        steps_per_eval: Steps between two measurements of the validation loss.
        seconds: Time for training, in seconds.
        step_seconds: Time of an average step, as measured.
    """

    KIND = "schedule"

    iters: int
    most: int
    steps_per_eval: int
    seconds: float
    step_seconds: float


@dataclass(frozen=True, kw_only=True)
class TrainEvent(Event):
    """Training's measurements since the last report. Losses are per token of the completions.

    Attributes:
        step: Optimizer steps done; the first is 1.
        learning_rate: The learning rate of that step.
        memory_bytes: The most memory that MLX has used so far, in bytes.
        loss: Mean loss, in nats; null where it is not finite.
        smoothed_loss: Exponential moving average of the loss.
        steps_per_second: Steps per second.
        tokens_per_second: Tokens per second, prompts included.
        examples_per_second: Examples per second.
        grad_norm: Mean norm of the gradient before clipping.
        padding: Fraction of the computed positions that are padding.
        cache_hits: Fraction of examples whose frozen layers' outputs came from the cache.
        eta_seconds: Time that training still takes, in seconds.
    """

    KIND = "train"

    step: int
    learning_rate: float | None = None
    memory_bytes: int | None = None
    loss: float | None = None
    smoothed_loss: float | None = None
    steps_per_second: float | None = None
    tokens_per_second: float | None = None
    examples_per_second: float | None = None
    grad_norm: float | None = None
    padding: float | None = None
    cache_hits: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ValidEvent(Event):
    """The loss on the whole validation split.

    Attributes:
        step: Optimizer steps done; 0 is the base model.
        loss: Mean loss per token of the completions, in nats; null where it is not finite.
        seconds: Time that it took, in seconds.
    """

    KIND = "valid"

    step: int
    loss: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class CheckpointEvent(Event):
    """A checkpoint is on the disk.

    Attributes:
        step: Optimizer steps done.
        path: Its directory.
        best: Whether its validation loss is the lowest so far.
    """

    KIND = "checkpoint"

    step: int
    path: str = ""
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class LossEvent(Event):
    """Stage `test`: the loss of the base model or of a checkpoint on the test split.

    Attributes:
        step: The checkpoint's step; 0 is the base model.
        valid_loss: Its loss on the validation split, in nats per token.
        test_loss: Its loss on the test split, in nats per token.
        test_perplexity: exp(test_loss).
        tokens: Tokens that the loss is a mean of.
        n: Examples of the test split.
    """

    KIND = "result"

    step: int
    valid_loss: float | None = None
    test_loss: float | None = None
    test_perplexity: float | None = None
    tokens: int | None = None
    n: int | None = None


@dataclass(frozen=True, kw_only=True)
class ScoreEvent(Event):
    """Stage `test`: a checkpoint's answers to validation questions.

    Attributes:
        step: The checkpoint's step.
        valid: The score of its answers.
    """

    KIND = "result"

    step: int
    valid: ValidationScore


@dataclass(frozen=True, kw_only=True)
class VerifyEvent(Event):
    """Stage `verify`: one file against the model that it was made from.

    Attributes:
        file: The file's name.
        type: Its ggml type.
        ok: Whether all checks hold.
        cause: The first check that does not hold.
    """

    KIND = "result"

    file: str
    type: str = ""
    ok: bool
    cause: str | None = None
