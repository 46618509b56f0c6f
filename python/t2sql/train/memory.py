"""How much memory a run will take, before it starts, and which settings would take less."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t2sql.runtimes import device, mx
from t2sql.train.config import TrainConfig
from t2sql.train.source import EVAL_BATCH, HEAD_ROWS

_MOMENTS = {"adamw": 2, "adam": 2, "adamax": 2, "adadelta": 2, "adafactor": 0}
"""Numbers that an optimizer keeps for each trained one; the others keep one."""
_SPARE = 150_000_000
"""The interpreter's buffers, the examples' ids, what the allocator holds back."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a transformer with gated feed-forward layers, as its config.json names them."""

    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    tied: bool

    @classmethod
    def of(cls, config: dict[str, Any]) -> Shape | None:
        """From config.json; None when it lacks a size."""
        try:
            hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
            return cls(
                hidden=hidden,
                ffn=int(config["intermediate_size"]),
                layers=int(config["num_hidden_layers"]),
                heads=heads,
                kv_heads=int(config.get("num_key_value_heads") or heads),
                head_width=int(config.get("head_dim") or hidden // heads),
                vocabulary=int(config["vocab_size"]),
                tied=bool(config.get("tie_word_embeddings", False)),
            )
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def projections(self) -> dict[str, tuple[int, int]]:
        """(inputs, outputs) of each matrix of a layer."""
        h, q, kv = self.hidden, self.heads * self.head_width, self.kv_heads * self.head_width
        attention = {"q_proj": (h, q), "k_proj": (h, kv), "v_proj": (h, kv), "o_proj": (q, h)}
        return attention | {
            "gate_proj": (h, self.ffn),
            "up_proj": (h, self.ffn),
            "down_proj": (self.ffn, h),
        }

    @property
    def layer_parameters(self) -> int:
        return sum(a * b for a, b in self.projections.values()) + 2 * self.hidden

    @property
    def parameters(self) -> int:
        ends = self.vocabulary * self.hidden * (1 if self.tied else 2) + self.hidden
        return self.layers * self.layer_parameters + ends


@dataclass(frozen=True)
class Estimate:
    """Bytes at the peak of a run."""

    model: int
    adapters: int
    """Trained numbers, their gradients and the optimizer's."""
    activations: int
    cache: int
    spare: int = _SPARE

    @property
    def total(self) -> int:
        return self.model + self.adapters + self.activations + self.cache + self.spare

    def to_dict(self) -> dict[str, int]:
        return asdict(self) | {"total": self.total}


def estimate(
    config: TrainConfig,
    shape: Shape,
    *,
    width: int,
    targets: int,
    tokens: int,
    weight_bits: float,
    native: bool,
    ranks: int = 1,
) -> Estimate:
    """The peak of one rank's memory in bytes.

    `width` is the longest example in tokens, `targets` how many of its tokens the loss is over, `tokens`
    those of all examples (for the cache), `weight_bits` the bits of a base weight, scales included, and
    `native` whether layers are computed in Rust. Measured peaks are within a factor of two of it
    (tests/test_train_memory.py).
    """
    item = 4 if weight_bits >= 32 else 2
    trained = shape.layers if config.num_layers < 0 else min(config.num_layers, shape.layers)
    if config.fine_tune_type == "full":
        numbers = trained * shape.layer_parameters
    else:
        numbers = trained * _adapter_numbers(config, shape)
    # The update makes new numbers and moments beside the old ones.
    kept = 2 + _MOMENTS.get(config.optimizer, 1)
    model = shape.parameters * weight_bits / 8
    rows = -(-config.batch_size // ranks) * width
    frozen = shape.layers - trained
    cached = tokens * shape.hidden * item if frozen else 0
    in_memory = min(cached, config.cache_gb * 1e9)
    return Estimate(
        model=round(model),
        adapters=round(numbers * 4 * (kept + 1)),
        activations=round(
            max(
                _training(config, shape, rows, width, targets * rows // width, trained, native) * item,
                _measuring(shape, EVAL_BATCH * width, width, native) * item,
            )
        ),
        cache=round(in_memory),
    )


def fitting(
    config: TrainConfig, shape: Shape, have: int, *, weight_bits: float, **sizes: Any
) -> dict[str, Any] | None:
    """Settings whose estimate is within `have` bytes, the dearest in speed last; None when none is found."""
    changes: dict[str, Any] = {}
    bits = weight_bits
    while True:
        now = config.model_copy(update=changes)
        if estimate(now, shape, weight_bits=bits, **sizes).total <= have:
            return changes
        if now.cache_gb > 0.1 and shape.layers > now.num_layers > 0:
            changes["cache_gb"] = 0.1
        elif now.batch_size > 1:
            changes["batch_size"] = now.batch_size // 2
            changes["grad_accumulation_steps"] = now.grad_accumulation_steps * 2
        elif not now.grad_checkpoint:
            changes["grad_checkpoint"] = True
            sizes["native"] = False
        elif now.base_bits is None and now.fine_tune_type != "full" and device() != "cpu":
            changes["base_bits"], bits = 4, 4.5
        elif abs(now.num_layers) > 4 or now.num_layers < 0:
            changes["num_layers"] = max(4, (now.num_layers if now.num_layers > 0 else shape.layers) // 2)
        else:
            return None


def available_memory() -> int | None:
    """Bytes that a process may still take on this device; None where the system does not say."""
    if device() != "cpu":
        info = mx.device_info()
        size = info.get("max_recommended_working_set_size") or info.get("total_memory")
        return None if size is None else int(size)
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free = int(text.split("MemAvailable:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            return None
    return min([free, *_container_limits()])


def _container_limits() -> Sequence[int]:
    """What a control group leaves to this process, where there is one with a limit."""
    for most, used in (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):  # fmt: skip # noqa: E501
        try:
            limit = (Path("/sys/fs/cgroup") / most).read_text().strip()
            taken = (Path("/sys/fs/cgroup") / used).read_text().strip()
            if limit.isdigit():
                return [max(0, int(limit) - int(taken))]
        except (OSError, ValueError):
            continue
    return []


def _adapter_numbers(config: TrainConfig, shape: Shape) -> int:
    names = {key.rsplit(".", 1)[-1] for key in config.keys or shape.projections}
    sizes = [size for name, size in shape.projections.items() if name in names]
    return sum(config.rank * (a + b) for a, b in sizes)


def _training(
    config: TrainConfig, shape: Shape, rows: int, width: int, learned: int, trained: int, native: bool
) -> float:
    """Numbers held for the gradient at its peak."""
    layer = rows * _row_numbers(config, shape, width, native)
    inputs = trained * rows * shape.hidden
    held = inputs + 4 * layer if config.grad_checkpoint else trained * layer
    # Logits, what the softmax makes of them and their gradient; in Rust the logits become the gradient.
    head = learned * shape.vocabulary * (1 if native else 4)
    return held + head


def _row_numbers(config: TrainConfig, shape: Shape, width: int, native: bool) -> float:
    """Numbers of one position in one trained layer that the backward pass needs, or makes."""
    outputs = sum(b for _, b in shape.projections.values())
    attention = shape.heads * width
    if native:
        return 4 * shape.hidden + outputs + 2 * shape.ffn + attention
    # Factors from measured peaks: MLX keeps what lies between two operations, and dropout and DoRA add some.
    heavy = config.dropout > 0 or config.fine_tune_type == "dora"
    adapted = 0 if config.fine_tune_type == "full" else outputs * (11 if heavy else 5)
    return 8 * shape.hidden + 2 * outputs + 4 * shape.ffn + 8 * attention + adapted


def _measuring(shape: Shape, rows: int, width: int, native: bool) -> float:
    """Numbers held at the peak of measuring a split: one layer's, and the logits of some rows."""
    outputs = sum(b for _, b in shape.projections.values())
    layer = rows * (4 * shape.hidden + outputs + shape.ffn + 2 * shape.heads * width)
    return layer + HEAD_ROWS * shape.vocabulary * (1 if native else 3)
