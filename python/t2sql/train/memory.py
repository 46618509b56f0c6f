"""How much memory a training will take, before it starts, and which settings would take less.

The estimate counts arrays. What MLX keeps between its operations cannot be counted from outside: those
factors were fitted to peaks measured on the tests' tiny models (tests/train/test_memory.py), where the
estimate is within a factor of two of MLX's own peak.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

from t2sql.runtimes import policy
from t2sql.train.chunked_losses import chunk_rows
from t2sql.train.config import TrainConfig
from t2sql.train.model_shape import ModelShape
from t2sql.train.split_inputs import EVAL_BATCH, HEAD_ROWS

Changes: TypeAlias = dict[str, int | float | bool]
"""Settings by name."""

HEAD_ROWS_IN_RUST = 160
"""Positions whose logits are computed at once in Rust (`ROWS` in rust/train/src/cross_entropy.rs)."""

_MOMENTS = {"adamw": 2, "adam": 2, "adamax": 2, "adadelta": 2, "adafactor": 0}
"""Numbers that an optimizer keeps for each trained one; the others keep one. Adafactor's are a row and a
column of each matrix."""

_RESERVE = 150_000_000
"""Bytes for the interpreter's buffers, the examples' ids and freed memory that the allocator keeps."""

_QUANTIZED_BITS = 4.5
"""Bits of a weight at 4 bits with a 16-bit scale and bias for each 64 weights."""


@dataclass(frozen=True)
class Workload:
    """What memory depends on beside the settings and the model's sizes.

    Attributes:
        longest: Tokens of the longest example.
        targets: The most trained tokens of an example.
        tokens: Tokens of all examples, which the cache is for.
        weight_bits: Bits of a base weight, scales included.
        native: Whether layers are computed in Rust.
        ranks: Processes that train together.
    """

    longest: int
    targets: int
    tokens: int
    weight_bits: float
    native: bool
    ranks: int = 1


@dataclass(frozen=True)
class Estimate:
    """Bytes at the peak of one rank.

    Attributes:
        model: The base weights.
        adapters: Trained numbers, their gradients and the optimizer's moments.
        activations: What the forward pass keeps for the backward pass, or the largest validation batch.
        cache: The frozen layers' output in memory.
        spare: A reserve for the rest of the process.
    """

    model: int
    adapters: int
    activations: int
    cache: int
    spare: int = _RESERVE

    @property
    def total(self) -> int:
        """All of it."""
        return self.model + self.adapters + self.activations + self.cache + self.spare

    def to_dict(self) -> dict[str, int]:
        """The parts and their total, as JSON."""
        return asdict(self) | {"total": self.total}


def estimate(config: TrainConfig, shape: ModelShape, work: Workload) -> Estimate:
    """Estimate the peak of one rank's memory."""
    # Rust computes in float32, however the weights are stored.
    item = 4 if work.native or work.weight_bits >= 32 else 2
    trained = shape.num_layers if config.num_layers < 0 else min(config.num_layers, shape.num_layers)
    is_full = config.fine_tune_type == "full"
    numbers = trained * (shape.layer_parameters if is_full else _adapter_numbers(config, shape))
    # Number and gradient, the moments, and what the update makes beside the old ones.
    copies = 3 + _MOMENTS.get(config.optimizer, 1)
    rows = -(-config.batch_size // work.ranks) * work.longest
    cached = work.tokens * shape.hidden_size * item if trained < shape.num_layers else 0
    training = _training(config, shape, work, rows=rows, trained=trained)
    measuring = _measuring(shape, work, rows=EVAL_BATCH * work.longest)
    return Estimate(
        model=round(shape.parameters * work.weight_bits / 8),
        adapters=round(numbers * 4 * copies),
        activations=round(max(training, measuring) * item),
        cache=round(min(cached, config.cache_gb * 1e9)),
    )


def fitting_changes(config: TrainConfig, shape: ModelShape, work: Workload, available: int) -> Changes | None:
    """Settings to change so that the estimate fits, those that cost the least speed first.

    Args:
        config: The settings.
        shape: The model's sizes.
        work: What else memory depends on.
        available: Bytes that there are.

    Returns:
        The changes, empty when it fits as it is; None when nothing that is tried makes it fit.
    """
    changes: Changes = {}
    values = asdict(work)
    while True:
        now = config.model_copy(update=changes)
        if estimate(now, shape, Workload(**values)).total <= available:
            return changes
        if now.cache_gb > 0.1 and shape.num_layers > now.num_layers > 0:
            changes["cache_gb"] = 0.1
        elif now.batch_size > 1:
            changes["batch_size"] = now.batch_size // 2
            changes["grad_accumulation_steps"] = now.grad_accumulation_steps * 2
        elif not now.grad_checkpoint:
            changes["grad_checkpoint"] = True
            values["native"] = False
        elif now.base_bits is None and now.fine_tune_type != "full" and policy().keeps_quantized:
            changes["base_bits"] = 4
            values["weight_bits"] = _QUANTIZED_BITS
        elif abs(now.num_layers) > 4 or now.num_layers < 0:
            layers = now.num_layers if now.num_layers > 0 else shape.num_layers
            changes["num_layers"] = max(4, layers // 2)
        else:
            return None


def _adapter_numbers(config: TrainConfig, shape: ModelShape) -> int:
    """Numbers of the adapter of one layer."""
    names = {key.rsplit(".", 1)[-1] for key in config.keys or shape.projections}
    sizes = [size for name, size in shape.projections.items() if name in names]
    return sum(config.rank * (inputs + outputs) for inputs, outputs in sizes)


def _training(config: TrainConfig, shape: ModelShape, work: Workload, *, rows: int, trained: int) -> float:
    """Numbers kept for the gradient at its peak, for `rows` positions and `trained` layers."""
    layer = rows * _numbers_per_row(config, shape, work)
    # With checkpoints: each layer's input, and the inside of the layer that is computed again.
    checkpointed = trained * rows * shape.hidden_size + 4 * layer
    kept = checkpointed if config.grad_checkpoint else trained * layer
    targets = work.targets * rows // work.longest
    if work.native:
        # The gradient replaces the logits.
        return kept + min(targets, HEAD_ROWS_IN_RUST) * shape.vocab_size
    # Logits, exponentials, softmax and gradient; of several chunks MLX frees them some time after their use.
    chunk = chunk_rows(shape.vocab_size)
    return kept + min(targets, chunk) * shape.vocab_size * (4 if targets <= chunk else 12)


def _numbers_per_row(config: TrainConfig, shape: ModelShape, work: Workload) -> float:
    """Numbers of one position in one trained layer that the backward pass needs or makes."""
    outputs, attention = shape.projection_outputs, shape.heads * work.longest
    if work.native:
        # Both norms' inputs and outputs; queries, keys and values; what attention gives; the two products of
        # the feed-forward layer and its activation; the attention's probabilities; each adapter's x A.
        inner = outputs - 2 * shape.hidden_size + shape.heads * shape.head_dim + shape.intermediate_size
        return 4 * shape.hidden_size + inner + attention + len(shape.projections) * config.rank
    # Fitted (see above). Dropout keeps masks, DoRA the adapted weights' norms.
    is_heavy = config.dropout > 0 or config.fine_tune_type == "dora"
    adapted = 0 if config.fine_tune_type == "full" else outputs * (11 if is_heavy else 5)
    return 8 * shape.hidden_size + 2 * outputs + 4 * shape.intermediate_size + 8 * attention + adapted


def _measuring(shape: ModelShape, work: Workload, *, rows: int) -> float:
    """Numbers at the peak of measuring a split: inside one layer, and the logits of some rows."""
    attention = 2 * shape.heads * work.longest
    layer = rows * (4 * shape.hidden_size + shape.projection_outputs + shape.intermediate_size + attention)
    return layer + HEAD_ROWS * shape.vocab_size * (1 if work.native else 3)
