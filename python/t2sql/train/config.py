"""Every setting of a training run; the names are mlx-lm's where the meaning is the same."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from t2sql.errors import InputError

FREE_SETTINGS = frozenset({"steps_per_report", "cache_gb", "cache_disk_gb"})
"""Settings that a resumed run may have otherwise: they do not reach the weights."""

Augmentation = Literal["columns", "case", "opening"]


class TrainConfig(BaseModel):
    """Settings of the LoRA loop. Steps are optimizer steps, counted from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "demo"
    iters: int = Field(600, ge=1)
    batch_size: int = Field(8, ge=1, description="examples computed at once, on all ranks together")
    grad_accumulation_steps: int = Field(1, ge=1, description="batches whose gradients make one step")
    num_layers: int = Field(16, description="trained layers, counted from the last; -1 is all of them")
    rank: int = Field(16, ge=1)
    scale: float = Field(10.0, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    keys: tuple[str, ...] | None = Field(None, description="projections to adapt, as self_attn.q_proj; all")
    learning_rate: float = Field(1e-3, gt=0)
    warmup: int = Field(20, ge=0, description="steps over which the learning rate rises")
    schedule: Literal["cosine", "linear", "exponential", "constant"] = "cosine"
    optimizer: Literal[
        "adamw", "adam", "adamax", "adagrad", "adadelta", "adafactor", "rmsprop", "lion", "muon", "sgd"
    ] = "adamw"
    weight_decay: float = Field(0.01, ge=0, description="for the optimizers that have it")
    bias_correction: bool = Field(True, description="of Adam and AdamW; mlx-lm leaves it out")
    max_grad_norm: float = Field(1.0, ge=0, description="gradients are clipped to this norm; 0 is never")
    steps_per_report: int = Field(10, ge=1)
    steps_per_eval: int = Field(100, ge=1)
    save_every: int = Field(100, ge=1)
    patience: int = Field(0, ge=0, description="stop after so many validations without a better one; 0 never")
    max_seq_length: int = Field(1024, ge=8)
    seed: int = Field(0, ge=0)
    grad_checkpoint: bool = False
    loss_on: Literal["completion", "all"] = "completion"
    fine_tune_type: Literal["lora", "dora", "full"] = "lora"
    base_bits: Literal[4, 8] | None = Field(None, description="quantize the base to this first (QLoRA)")
    cache_gb: float = Field(1.5, ge=0, description="memory for the frozen layers' output")
    cache_disk_gb: float = Field(10.0, ge=0, description="disk for what of it does not fit in memory")
    augment: tuple[Augmentation, ...] = Field((), description="ways to vary the training lines")
    variants: int = Field(4, ge=1, description="how many forms of a line there are then, itself included")

    @classmethod
    def of(cls, **settings: Any) -> TrainConfig:
        """A config from untrusted settings: what is wrong with them is an InputError."""
        try:
            return cls(**settings)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            found = repr(first.get("input"))
            raise InputError(
                "a training setting is wrong", where=name, expected=first["msg"], found=found
            ) from None

    def adapter_config(self, num_layers: int, keys: list[str], base: str) -> dict[str, Any]:
        """adapter_config.json, as mlx-lm reads it."""
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
            **({"base_bits": self.base_bits} if self.base_bits else {}),
        }

    @property
    def step_size(self) -> int:
        """Examples that make one optimizer step."""
        return self.batch_size * self.grad_accumulation_steps

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: a linear rise, then by `schedule` down to a hundredth."""
        if step <= self.warmup:
            return self.learning_rate * step / max(1, self.warmup)
        done = min(1.0, (step - self.warmup) / max(1, self.iters - self.warmup))
        if self.schedule == "cosine":
            return self.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        if self.schedule == "linear":
            return self.learning_rate * (1 - 0.99 * done)
        if self.schedule == "exponential":
            return float(self.learning_rate * 0.01**done)
        return self.learning_rate
