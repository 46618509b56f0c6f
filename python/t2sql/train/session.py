"""The moving parts of a training run on one rank: model, optimizer, batches and counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t2sql.models import Loaded
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat
from t2sql.runs.records import TimedSchedule, TrainingState
from t2sql.train.checkpoint_files import STATE_VERSION
from t2sql.train.compute import FLOAT32, Compute
from t2sql.train.config import TrainConfig
from t2sql.train.encoding import Encoded
from t2sql.train.epochs import EpochOrder
from t2sql.train.meter import Meter
from t2sql.train.network import Network, first_trained_layer
from t2sql.train.optimizer import make_optimizer
from t2sql.train.ranks import Ranks
from t2sql.train.resuming import weights_fingerprint
from t2sql.train.setup import prepare_model
from t2sql.train.split_inputs import SplitInputs
from t2sql.train.stopping import Patience

_SCHEDULED = ("iters", "warmup", "steps_per_eval", "save_every")
"""The settings that a limited time changes."""


@dataclass(frozen=True)
class TrainingData:
    """The encoded examples of a run.

    Attributes:
        paraphrases: The training lines, then other wordings of each; all lists are equally long.
        valid: The validation lines.
        fingerprint: The dataset's.
        prompt_format: The format of the lines' prompts.
    """

    paraphrases: Sequence[Sequence[Encoded]]
    valid: Sequence[Encoded]
    fingerprint: str
    prompt_format: PromptFormat = DEFAULT_FORMAT


class Session:
    """What the parts of the loop share.

    Attributes:
        given: The settings.
        config: The same with the number of steps that fits into the time.
        schedule: What `config` differs in, where the time is limited; None before that is known.
        loaded: The base model; its network is the one that is trained.
        ranks: The processes that train together.
        dataset_fingerprint: The dataset's.
        weights_fingerprint: The base model's weights before training.
        adapter_config: The JSON of adapter_config.json.
        network: The model by its parts.
        compute: What multiplies by the frozen matrices.
        optimizer: MLX's optimizer with its moments.
        first_trained: The first layer that is trained.
        order: Which examples each step takes.
        train: The training examples as inputs.
        valid: This rank's part of the validation examples as inputs.
        meter: Measurements of the steps.
        patience: Counts validations without an improvement.
        step: Optimizer steps done.
        train_loss: The last reported training loss, in nats per trained token.
        valid_loss: The last validation loss.
        validated_at: The step of the last validation, as far as this process knows; -1 before it.
        base_loss: The validation loss before the first step.
    """

    def __init__(
        self,
        config: TrainConfig,
        loaded: Loaded,
        data: TrainingData,
        ranks: Ranks,
        compute: Compute = FLOAT32,
    ) -> None:
        """Make the model trainable and reserve the cache; nothing is trained or computed yet.

        Raises:
            InputError: A setting does not suit the model.
        """
        self.given, self.config, self.loaded, self.ranks = config, config, loaded, ranks
        self.schedule: TimedSchedule | None = None
        self.dataset_fingerprint = data.fingerprint
        self.weights_fingerprint = weights_fingerprint(loaded.model)
        self.adapter_config = prepare_model(loaded, config, data.prompt_format)
        self.network = Network(
            loaded.model,
            grad_checkpoint=config.grad_checkpoint,
            native=config.fine_tune_type != "full",
            kernels=compute.kernels,
        )
        self.compute = compute if self.network.native is not None else FLOAT32
        self.optimizer = make_optimizer(config)
        self.optimizer.init(loaded.model.trainable_parameters())
        self.first_trained = first_trained_layer(loaded.model)
        self.order = EpochOrder(
            data.paraphrases, config.step_size, config.seed, share_prefixes=self.network.shares_prefixes
        )
        memory = config.cache_gb * 1e9
        disk = config.cache_disk_gb * 1e9 if memory else 0.0
        self.valid = SplitInputs(
            self.network,
            data.valid[ranks.rank :: ranks.size],
            start=self.first_trained,
            memory=memory,
            disk=disk,
        )
        self.train = SplitInputs(
            self.network,
            self.order.examples,
            start=self.first_trained,
            memory=memory - self.valid.memory_bytes,
            disk=disk - self.valid.disk_bytes,
            groups=self.order.groups(ranks.size * config.grad_accumulation_steps),
        )
        self.meter, self.patience = Meter(config.iters), Patience(config.patience)
        self.step = 0
        self.train_loss: float | None = None
        self.valid_loss: float | None = None
        self.base_loss: float | None = None
        self.validated_at = -1

    @property
    def at_last_step(self) -> bool:
        """Whether all steps are done."""
        return self.step == self.config.iters

    def follow(self, schedule: TimedSchedule) -> None:
        """Take as many steps as a schedule says; those done so far are to be counted after this."""
        self.schedule = schedule
        changes = {name: getattr(schedule, name) for name in _SCHEDULED}
        self.config = self.given.model_copy(update=changes)
        self.meter = Meter(schedule.iters)

    def begin_again(self) -> None:
        """Set optimizer and counters to what they are before the first step."""
        self.optimizer = make_optimizer(self.config)
        self.optimizer.init(self.loaded.model.trainable_parameters())
        self.meter, self.step = Meter(self.config.iters), 0
        self.train.take_cache_hits()

    def state(self) -> TrainingState:
        """What state.json keeps beside weights and moments; order and dropout follow from seed and step."""
        return TrainingState(
            version=STATE_VERSION,
            step=self.step,
            valid_loss=self.valid_loss if self.validated_at == self.step else None,
            train_loss=self.train_loss,
            last_valid_loss=self.valid_loss,
            base_valid_loss=self.base_loss,
            window=self.meter.state(),
            patience=self.patience.state(),
            seed=self.config.seed,
            epoch=self.step // self.order.per_epoch,
            batch=self.step % self.order.per_epoch,
            random="seeded by seed and step",
            model=self.weights_fingerprint,
            dataset=self.dataset_fingerprint,
            settings=self.given.model_dump(mode="json"),
            compute=self.compute.precision,
            kernels=self.compute.kernels,
        )

    def restore_state(self, state: TrainingState) -> None:
        """Set the counters to those of a `state`."""
        self.step = state.step
        self.meter.restore(state.window)
        if state.patience is not None:
            self.patience.restore(state.patience)
        self.train_loss, self.valid_loss = state.train_loss, state.last_valid_loss
        self.base_loss = state.base_valid_loss
        self.validated_at = self.step if state.valid_loss is not None else -1
