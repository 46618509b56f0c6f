"""What a checkpoint keeps beside its tensors, so that training goes on exactly: state.json."""

from __future__ import annotations

from dataclasses import dataclass, field

from t2sql.runs.records.codec import ABSENT, JsonObject, Record


@dataclass(frozen=True, kw_only=True)
class LossWindow(Record):
    """The training loss since the last report.

    Attributes:
        loss: Sum of the losses of the trained tokens, in nats.
        targets: Trained tokens.
        average: Exponential moving average of the steps' losses, in nats per token, not yet corrected for its
            start at 0.
        count: Steps in the average.
    """

    loss: float
    targets: int
    average: float = 0.0
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class PatienceState(Record):
    """How long validation has not improved.

    Attributes:
        best: The lowest validation loss so far, in nats per token; null before the first.
        best_step: Its step.
        waited: Validations since then.
    """

    best: float | None
    best_step: int
    waited: int


@dataclass(frozen=True, kw_only=True)
class TimedSchedule(Record):
    """The steps that fit into the time, as they were worked out once: schedule.json.

    It is written before the first step, and training that goes on reads it instead of the clock.

    Attributes:
        iters: Optimizer steps.
        warmup: Steps over which the learning rate rises.
        steps_per_eval: Steps between two measurements of the validation loss.
        save_every: Steps between two checkpoints.
        seconds: Time for training, in seconds, from the start of the stage.
        step_seconds: Time of an average step, as measured.
        valid_seconds: Time of a measurement of the validation loss, as measured.
        measured: Steps that were measured; their changes were taken back.
    """

    iters: int
    warmup: int
    steps_per_eval: int
    save_every: int
    seconds: float
    step_seconds: float
    valid_seconds: float
    measured: int


@dataclass(frozen=True, kw_only=True)
class TrainingState(Record):
    """The counters and settings of a checkpoint: state.json.

    Attributes:
        version: Version of this record.
        step: Optimizer steps done.
        valid_loss: Validation loss at this very step, in nats per token; null where it was not measured.
        train_loss: The last reported training loss, in nats per token.
        last_valid_loss: The last validation loss.
        base_valid_loss: That of the untrained model.
        window: The loss since the last report.
        patience: How long validation has not improved; absent in checkpoints of early versions.
        seed: Seed of the order of examples and of dropout.
        epoch: Epochs done.
        batch: Batches done in the epoch.
        random: How random numbers are drawn.
        model: Fingerprint of the base's weights; absent in checkpoints of early versions.
        dataset: Fingerprint of the dataset.
        settings: Training settings by name.
        compute: The numbers that frozen matrices are multiplied in, "float32" or "bfloat16"; absent in
            checkpoints of early versions.
        kernels: The instructions that do so; absent where they are the usual ones.
    """

    version: int
    step: int
    valid_loss: float | None
    train_loss: float | None
    last_valid_loss: float | None
    base_valid_loss: float | None
    window: LossWindow
    patience: PatienceState | None = field(default=None, metadata=ABSENT)
    seed: int
    epoch: int
    batch: int
    random: str
    model: str | None = field(default=None, metadata=ABSENT)
    dataset: str
    settings: JsonObject
    compute: str | None = field(default=None, metadata=ABSENT)
    kernels: str | None = field(default=None, metadata=ABSENT)
