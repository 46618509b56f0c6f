"""Every setting of training, described once; the names are mlx-lm's where the meaning is the same."""

from __future__ import annotations

import math
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from t2sql.errors import InputError
from t2sql.plain import JsonObject
from t2sql.prompt import PromptFormat

FREE_SETTINGS = frozenset({"steps_per_report", "cache_gb", "cache_disk_gb"})
"""Settings that may differ when a run is resumed: the weights do not depend on them."""

RESUME_HINT = "Resume with the same settings, or start another run"

FINAL_FRACTION = 0.01
"""Fraction of the highest learning rate that a falling schedule ends with."""

Augmentation = Literal["columns", "case", "opening"]


class TrainConfig(BaseModel):
    """Settings of training. Steps are optimizer steps, counted from 1.

    The descriptions are the help of the command line's options.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str = "demo"
    iters: int = Field(600, ge=1, le=10**8, description="Optimizer steps.")
    minutes: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="Minutes that the command may take: the first steps are measured, and where --iters "
        "would take longer, fewer are done.",
    )
    batch_size: int = Field(
        8, ge=1, le=65536, description="Examples computed at once, on all hosts together."
    )
    grad_accumulation_steps: int = Field(1, ge=1, description="Batches whose gradients make one step.")
    num_layers: int = Field(16, description="Layers to train, counted from the last; -1 is all of them.")
    rank: int = Field(16, ge=1, le=65536, description="Rank of the adapter.")
    scale: float = Field(10.0, gt=0, description="What the adapter's product is multiplied by.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout in the adapter.")
    keys: tuple[str, ...] | None = Field(
        None, description="Projections to adapt, by comma: q_proj,v_proj; by default all."
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate at its highest.")
    warmup: int = Field(20, ge=0, description="Steps over which the learning rate rises.")
    schedule: Literal["cosine", "linear", "exponential", "constant"] = Field(
        "cosine", description="Learning rate after that: cosine, linear, exponential or constant."
    )
    optimizer: Literal[
        "adamw", "adam", "adamax", "adagrad", "adadelta", "adafactor", "rmsprop", "lion", "muon", "sgd"
    ] = Field(
        "adamw",
        description="adamw, adam, adamax, adagrad, adadelta, adafactor, rmsprop, lion, muon or sgd.",
    )
    weight_decay: float = Field(0.01, ge=0, description="Weight decay.")
    bias_correction: bool = Field(True, description="Adam's and AdamW's; mlx-lm leaves it out.")
    max_grad_norm: float = Field(1.0, ge=0, description="Gradients are clipped to this norm; 0 is never.")
    steps_per_report: int = Field(10, ge=1, description="Steps between two reports of the training loss.")
    steps_per_eval: int = Field(
        100, ge=1, description="Steps between two measurements of the validation loss."
    )
    valid_limit: int = Field(
        0, ge=0, description="Validation examples that the loss is measured on; 0 is all of them."
    )
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints.")
    patience: int = Field(
        0, ge=0, description="Stop after so many validations without a better one; 0 is never."
    )
    max_seq_length: int = Field(
        1024, ge=8, le=2**20, description="Longer examples are left out, with a warning."
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Seed of order, first values and dropout.")
    grad_checkpoint: bool = Field(
        False, description="Compute activations again in the backward pass, for less memory."
    )
    loss_on: Literal["completion", "all"] = Field(
        "completion", description="Train on the completion or on all tokens."
    )
    fine_tune_type: Literal["lora", "dora", "full"] = Field("lora", description="lora, dora or full.")
    base_bits: Literal[4, 8] | None = Field(
        None, description="Quantize the base to 4 or 8 bits first (QLoRA)."
    )
    compute: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Numbers to multiply in on a CPU: float32, bfloat16, or auto, which measures."
    )
    cache_gb: float = Field(1.5, ge=0, description="Memory for the frozen layers' output; 0 is no cache.")
    cache_disk_gb: float = Field(10.0, ge=0, description="Disk for what of it does not fit in memory.")
    augment: tuple[Augmentation, ...] = Field(
        (), description="Vary the training lines, by comma: columns, case, opening."
    )
    variants: int = Field(
        4, ge=1, description="Paraphrases of each line with --augment, the line itself included."
    )

    @classmethod
    def of(cls, **settings: Any) -> TrainConfig:
        """A config from settings that a person wrote.

        Raises:
            InputError: A setting is unknown or has a wrong value; the first of them is named.
        """
        try:
            return cls(**settings)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            found = repr(first.get("input"))
            raise InputError(
                "a training setting is wrong", where=name, expected=cls._expected(first), found=found
            ) from None

    @classmethod
    def _expected(cls, error: ErrorDetails) -> str:
        """What a setting has to be, in words: its kind, and its range where it has one."""
        field = cls.model_fields.get(str(error["loc"][0])) if error["loc"] else None
        if field is None:
            return f"one of the settings {', '.join(cls.model_fields)}"
        if error["type"] == "literal_error":
            return str(error["ctx"]["expected"]).replace("'", "")
        kinds = {
            str(int): "a whole number",
            str(float): "a number",
            "float | None": "a number",
            str(bool): "true or false",
            str(str): "a text",
        }
        words = [kinds.get(str(field.annotation), "a list of texts")] if field.annotation else []
        for limit in field.metadata:
            if isinstance(limit, Gt):
                words.append(f"more than {limit.gt}")
            elif isinstance(limit, Ge):
                words.append(f"at least {limit.ge}")
            elif isinstance(limit, Lt):
                words.append(f"below {limit.lt}")
            elif isinstance(limit, Le):
                words.append(f"at most {limit.le}")
        return ", ".join(words)

    def adapter_config(
        self, num_layers: int, keys: list[str], base: str, prompt_format: PromptFormat
    ) -> JsonObject:
        """The JSON of adapter_config.json, as mlx-lm reads it.

        Args:
            num_layers: Trained layers, counted from the last.
            keys: Adapted projections by their names in a layer.
            base: The model argument that the adapter belongs to.
            prompt_format: The format of the prompts that it is trained on.
        """
        return {
            "fine_tune_type": self.fine_tune_type,
            "num_layers": num_layers,
            "lora_parameters": {
                "rank": self.rank,
                "scale": self.scale,
                "dropout": self.dropout,
                "keys": keys,
            },
            "model": base,
            "prompt_format": prompt_format.name,
            **({"base_bits": self.base_bits} if self.base_bits else {}),
        }

    @property
    def step_size(self) -> int:
        """Examples that make one optimizer step, on all ranks together."""
        return self.batch_size * self.grad_accumulation_steps

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step: it rises linearly, then falls by `schedule` to `FINAL_FRACTION`."""
        if step <= self.warmup:
            return self.learning_rate * step / max(1, self.warmup)
        done = min(1.0, (step - self.warmup) / max(1, self.iters - self.warmup))
        if self.schedule == "cosine":
            cosine = 0.5 * (1 + math.cos(math.pi * done))
            return self.learning_rate * (FINAL_FRACTION + (1 - FINAL_FRACTION) * cosine)
        if self.schedule == "linear":
            return self.learning_rate * (1 - (1 - FINAL_FRACTION) * done)
        if self.schedule == "exponential":
            return float(self.learning_rate * FINAL_FRACTION**done)
        return self.learning_rate


def check_same_settings(recorded: JsonObject, settings: JsonObject) -> None:
    """Check that a run is resumed with the settings that it began with, `FREE_SETTINGS` excepted.

    Args:
        recorded: The settings that the run began with, by name.
        settings: The settings now.

    Raises:
        InputError: A setting differs; it names the option.
    """
    for name, value in recorded.items():
        if name not in FREE_SETTINGS and settings.get(name) != value:
            raise InputError(
                "a setting differs from the run's",
                where=f"--{name.replace('_', '-')}",
                expected=value,
                found=settings.get(name),
                hint=RESUME_HINT,
            )
