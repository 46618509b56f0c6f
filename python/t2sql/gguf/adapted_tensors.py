"""Tensors of a model with an adapter in them, computed while they are written."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from t2sql.gguf.adapter_changes import GROUP_SIZE, AdapterChanges, LowRank
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tensors import CoreKeywords, FloatArray, TensorInfo

_LEAST_SCALE = np.float32(1e-7)


@dataclass(frozen=True)
class AdaptedTensor(TensorInfo):
    """A matrix that an adapter changes; the other attributes are the base's.

    Attributes:
        base: The matrix without the adapter.
        bits: The bits to which the base is rounded first, as QLoRA did for training; None leaves it full.
        low_rank: What is added; None where the matrix is only rounded.
    """

    base: TensorInfo
    bits: int | None
    low_rank: LowRank | None

    @property
    def whole_nbytes(self) -> int:
        """Bytes of the base."""
        return self.base.whole_nbytes

    def core_keywords(self) -> CoreKeywords:
        """How the Rust core computes it."""
        keywords = self.base.core_keywords()
        if self.bits is not None:
            keywords["grid"] = (self.bits, GROUP_SIZE)
        if self.low_rank is not None:
            keywords["low_rank"] = self.low_rank.core_source()
        return keywords

    def unchanged(self, start: int = 0, stop: int | None = None) -> FloatArray:
        """Rows `start` to `stop` as the adapter was trained on them: rounded, without the product."""
        rows = self.base.float32(start, stop)
        return rows if self.bits is None else _rounded(rows, self.bits)

    def float32(self, start: int = 0, stop: int | None = None) -> FloatArray:
        """Rows `start` to `stop` of the sum; the order of sums, and so the last bits, are NumPy's."""
        stop = self.rows if stop is None else stop
        rows = self.unchanged(start, stop)
        if self.low_rank is None:
            return rows
        left = self.low_rank.left.float32(start, stop) * np.float32(self.low_rank.scale)
        summed = rows + left @ self.low_rank.right.float32()
        magnitudes = self.low_rank.magnitudes
        if magnitudes is not None:
            factors = magnitudes.float32().reshape(-1)[start:stop] / np.linalg.norm(summed, axis=1)
            summed = summed * factors[:, None]
        return summed.astype(np.float32, copy=False)


def with_changes(directory: HfDirectory, changes: AdapterChanges) -> HfDirectory:
    """The model with an adapter in its tensors; nothing is read yet."""
    tensors = {name: changes.whole.get(name, info) for name, info in directory.tensors.items()}
    return replace(directory, tensors={name: _changed(name, info, changes) for name, info in tensors.items()})


def _changed(name: str, info: TensorInfo, changes: AdapterChanges) -> TensorInfo:
    module, _, leaf = name.rpartition(".")
    low_rank = changes.low_rank.get(module) if leaf == "weight" else None
    rounds = leaf == "weight" and len(info.shape) == 2 and info.shape[1] % GROUP_SIZE == 0
    # What is quantized already stays as it is.
    bits = changes.base_bits if rounds and not info.core_keywords() else None
    if low_rank is None and bits is None:
        return info
    return AdaptedTensor(
        info.name, info.type, info.shape, info.offset, info.nbytes, info.path, info, bits, low_rank
    )


def _rounded(rows: FloatArray, bits: int) -> FloatArray:
    """Rows as MLX quantizes and dequantizes them in float32 on a CPU (`quantize` of mlx/backend/cpu)."""
    groups = rows.reshape(-1, GROUP_SIZE)
    last_code = np.float32((1 << bits) - 1)
    least, most = groups.min(axis=1), groups.max(axis=1)
    is_low = np.abs(least) > np.abs(most)
    step = np.maximum((most - least) / last_code, _LEAST_SCALE)
    step, edge = np.where(is_low, step, -step), np.where(is_low, least, most)
    code = np.rint(edge / step)
    has_bias = code != 0
    scale = np.where(has_bias, edge / np.where(has_bias, code, 1), step)[:, None]
    bias = np.where(has_bias, edge, np.float32(0))[:, None]
    codes = np.clip(np.rint((groups - bias) / scale), 0, last_code)
    rounded: FloatArray = (scale * codes + bias).astype(np.float32)
    return rounded.reshape(rows.shape)
