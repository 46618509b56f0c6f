"""In which numbers a training multiplies by the frozen matrices: chosen once, recorded, and repeated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from t2sql import _core
from t2sql.models import DEMO, ModelRef, model_size
from t2sql.runs.records import Record, TrainingState
from t2sql.runtimes import policy
from t2sql.train.config import TrainConfig
from t2sql.train.frozen import CODE_BITS

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Compute(Record):
    """What multiplies by the frozen matrices of layers in Rust. Sums are float32 in any case.

    Attributes:
        precision: The type of the factors. In bfloat16 full matrices are also held so.
        kernels: One of `_core.product_kernels()`; None for the usual ones of float32.
    """

    precision: Precision = "float32"
    kernels: str | None = None

    @property
    def words(self) -> str:
        """For people, such as `bfloat16 (amx)`."""
        return self.precision if self.kernels is None else f"{self.precision} ({self.kernels})"


FLOAT32 = Compute()


def choose(config: TrainConfig, state: TrainingState | None) -> Compute:
    """Choose what a training multiplies with.

    `auto` is bfloat16 where this processor multiplies in it so much faster than in float32 that it is worth
    the roundings, which is measured once for the process. A resumed run repeats its choice.

    Args:
        config: The settings.
        state: The checkpoint's, where a run is resumed.

    Raises:
        InputError: `T2SQL_SIMD` names instructions that are not there.
    """
    if not keeps_stored(config):
        return FLOAT32
    if state is not None:
        return Compute(precision=_precision(state.compute), kernels=_available(state.kernels))
    if config.compute == "auto":
        fastest = _core.fastest_bf16_kernels()
        return _float32() if fastest is None else Compute(precision="bfloat16", kernels=fastest)
    if config.compute == "float32":
        return _float32()
    speeds = [(speed, name) for name, in_bfloat16, speed in _core.kernel_speeds() if in_bfloat16]
    return Compute(precision="bfloat16", kernels=max(speeds)[1] if speeds else _float32().kernels)


def keeps_stored(config: TrainConfig) -> bool:
    """Whether Rust may multiply by the base's matrices, which are then held as they are stored."""
    is_lora = config.fine_tune_type == "lora" and not config.grad_checkpoint
    return policy().rust_layers and is_lora and hasattr(_core, "FrozenWeight")


def keeps_gguf(ref: ModelRef, config: TrainConfig) -> bool:
    """Whether the matrices of a GGUF are held as the file has them.

    The demo model's are not: it stands for a model in float32. With `--base-bits` the full values are
    quantized.
    """
    return ref.kind == "gguf" and ref.source != DEMO and not config.base_bits and keeps_stored(config)


def held_bytes(ref: ModelRef, config: TrainConfig, compute: Compute) -> int:
    """Bytes that a base takes while it is trained on, if Rust computes its layers.

    Raises:
        InputError: A header does not parse.
    """
    here, size = policy(), model_size(ref)
    if keeps_gguf(ref, config):
        return size.stored
    if not keeps_stored(config):
        held = size.held()
        return round(held * config.base_bits / 16) if config.base_bits and here.keeps_quantized else held
    if size.quantized:
        # What Rust does not decode is dequantized.
        return size.held(quantized=size.code_bits <= set(CODE_BITS))
    if config.base_bits:
        # A scale and a bias in float32 for each 64 weights.
        return round(size.parameters * (config.base_bits + 1) / 8)
    return size.held("bfloat16" if compute.precision == "bfloat16" else None)


def _float32() -> Compute:
    """float32, by the kernels that `T2SQL_SIMD` names if it names any."""
    named = bool(os.environ.get("T2SQL_SIMD"))
    return Compute(kernels=_core.kernel_speeds()[0][0]) if named else FLOAT32


def _precision(recorded: str | None) -> Precision:
    """That of a checkpoint; those of early versions were trained in float32."""
    return "bfloat16" if recorded == "bfloat16" else "float32"


def _available(kernels: str | None) -> str | None:
    """The recorded kernels, where this processor has them."""
    return kernels if kernels in dict(_core.product_kernels()) else None
