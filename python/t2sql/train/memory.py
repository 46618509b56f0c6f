"""How much memory a training will take, before it starts, and which settings would take less.

The estimate counts arrays, and a reserve for the rest of the process. Where Rust computes the layers these
are the layers' buffers, and the sum is within 15% of the process's peak (docs/performance.md). What MLX keeps
between its operations cannot be counted from outside: those factors were fitted to peaks measured on the
tests' tiny models (tests/train/test_memory.py), where the estimate is within a factor of two of MLX's own
peak.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

from t2sql.runtimes import policy
from t2sql.train.batches import Positions
from t2sql.train.chunked_losses import chunk_rows
from t2sql.train.config import TrainConfig
from t2sql.train.model_shape import ModelShape
from t2sql.train.split_inputs import HEAD_ROWS
from t2sql.train.workload import MeasureWork, Workload

Changes: TypeAlias = dict[str, int | float | bool]
"""Settings by name."""

HEAD_ROWS_IN_RUST = 160
"""Positions whose logits are computed at once in Rust (`ROWS` in rust/train/src/cross_entropy.rs)."""

_MOMENTS = {"adamw": 2, "adam": 2, "adamax": 2, "adadelta": 2, "adafactor": 0}
"""Numbers that an optimizer keeps for each trained one; the others keep one. Adafactor's are a row and a
column of each matrix."""

_RESERVE = 165_000_000
"""Bytes for the interpreter, its libraries, the tokenizer and the examples: what the process had before the
demo model was loaded."""


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
    item = 4 if work.native or policy().weights == "float32" else 2
    trained = shape.num_layers if config.num_layers < 0 else min(config.num_layers, shape.num_layers)
    is_full = config.fine_tune_type == "full"
    numbers = trained * (shape.layer_parameters if is_full else _adapter_numbers(config, shape))
    # Number and gradient, the moments, and what the update makes beside the old ones.
    copies = 3 + _MOMENTS.get(config.optimizer, 1)
    cached = work.tokens * shape.hidden_size * item if trained < shape.num_layers else 0
    layers = _in_rust if work.native else _in_mlx
    return Estimate(
        model=work.model,
        adapters=round(numbers * 4 * copies),
        activations=round(layers(config, shape, work, trained) * item),
        cache=round(min(cached, config.cache_gb * 1e9)),
    )


def fitting_changes(
    config: TrainConfig, shape: ModelShape, measure: MeasureWork, available: int
) -> Changes | None:
    """Settings to change so that the estimate fits, those that cost the least speed first.

    Args:
        config: The settings.
        shape: The model's sizes.
        measure: What else memory depends on, under some settings.
        available: Bytes that there are.

    Returns:
        The changes, empty when it fits as it is; None when nothing that is tried makes it fit.
    """
    changes: Changes = {}
    while True:
        now = config.model_copy(update=changes)
        work = measure(now)
        if estimate(now, shape, work).total <= available:
            return changes
        may_quantize = now.base_bits is None and now.fine_tune_type != "full"
        if now.cache_gb > 0.1 and shape.num_layers > now.num_layers > 0:
            changes["cache_gb"] = 0.1
        elif now.batch_size > 1:
            changes["batch_size"] = now.batch_size // 2
            changes["grad_accumulation_steps"] = now.grad_accumulation_steps * 2
        elif may_quantize and work.native:
            changes["base_bits"] = 4
        elif not now.grad_checkpoint and not work.native:
            changes["grad_checkpoint"] = True
        elif may_quantize and policy().keeps_quantized:
            changes["base_bits"] = 4
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


def _in_rust(config: TrainConfig, shape: ModelShape, work: Workload, trained: int) -> float:
    """Numbers in the buffers of Rust's layers, which stay, and of the head.

    Each trained layer has buffers of its own. One more set serves all layers that are run without a gradient.
    """
    # Both norms' inputs and outputs, and the layer's output, which MLX holds; queries, keys and values; what
    # attention gives; the two products of the feed-forward layer and its activation; each adapter's x A.
    inner = shape.projection_outputs - 2 * shape.hidden_size
    inner += shape.heads * shape.head_dim + shape.intermediate_size + shape.extra_per_row
    per_row = 5 * shape.hidden_size + inner + len(shape.projections) * config.rank

    def layer(positions: Positions) -> int:
        return positions.rows * per_row + positions.scores * shape.heads

    frozen = [work.measuring] if trained == shape.num_layers else [work.measuring, work.training]
    kept = trained * layer(work.training) + max(map(layer, frozen))
    # A product rearranges its left factor; the gradient replaces the logits.
    product = work.training.rows * shape.intermediate_size
    return kept + product + HEAD_ROWS_IN_RUST * shape.vocab_size


def _in_mlx(config: TrainConfig, shape: ModelShape, work: Workload, trained: int) -> float:
    """Numbers at the peak in MLX: of a step, or of measuring a split."""
    outputs, rows, scores = shape.projection_outputs, work.training.rows, work.training.scores * shape.heads
    # Fitted (see above). Dropout keeps masks, DoRA the adapted weights' norms.
    is_heavy = config.dropout > 0 or config.fine_tune_type == "dora"
    adapted = 0 if config.fine_tune_type == "full" else outputs * (11 if is_heavy else 5)
    per_row = 8 * shape.hidden_size + 2 * outputs + 4 * shape.intermediate_size + adapted
    layer = rows * per_row + 8 * scores
    # With checkpoints: each layer's input, and the inside of the layer that is computed again.
    checkpointed = trained * rows * shape.hidden_size + 4 * layer
    kept = checkpointed if config.grad_checkpoint else trained * layer
    # Logits, exponentials, softmax and gradient; of several chunks MLX frees them some time after their use.
    chunk = chunk_rows(shape.vocab_size)
    logits = min(work.targets, chunk) * shape.vocab_size * (4 if work.targets <= chunk else 12)
    measured = 4 * shape.hidden_size + outputs + shape.intermediate_size
    measuring = work.measuring.rows * measured + 2 * work.measuring.scores * shape.heads
    return max(kept + logits, measuring + 3 * HEAD_ROWS * shape.vocab_size)
