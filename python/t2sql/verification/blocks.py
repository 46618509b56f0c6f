"""Blocks of a quantized tensor beside those that ggml's own rounding makes of the same weights.

A quantizer may choose another scale. Under the same scale, a code more than one step away is not rounding
but damage, however little it changes its row.
"""

from __future__ import annotations

import numpy as np

from t2sql import _core
from t2sql.gguf import TYPES, ByteArray, FloatArray, TensorInfo
from t2sql.verification.divergence import Floats

# Scales whose relative difference is at most this are the same; float16 has 11 bits.
_SAME_SCALE = 2.0**-9
# Steps of the scale between two codes from which on they cannot both be roundings of one value.
_MAX_STEPS = 1.5
# How many damaged blocks of a chunk are named.
_MOST_NAMED = 100


class Rounding:
    """Compares a tensor's blocks with ggml's rounding, chunk by chunk.

    Attributes:
        exists: Whether the tensor is of a block type that the Rust core writes; there is nothing to compare
            otherwise.
        wrong: The blocks whose codes cannot be right, as "TENSOR row R block B".
    """

    def __init__(self, info: TensorInfo) -> None:
        """Prepare to compare the file's tensor `info`."""
        self._info = info
        kind = TYPES.get(info.type)
        self.exists = kind is not None and kind.quantized
        self.wrong: list[str] = []

    def compare(self, first: int, x: FloatArray, y: FloatArray, errors: Floats) -> float:
        """Compare a chunk of rows, and collect its damaged blocks in `wrong`.

        Args:
            first: The index of the chunk's first row.
            x: The source's rows, [rows, columns].
            y: The file's rows, dequantized, [rows, columns].
            errors: The Euclidean error of each row, [rows].

        Returns:
            The squared error that ggml's rounding makes of `x`; 0 for types that the core does not write.
        """
        if not self.exists:
            return 0.0
        # MLX's safetensors files do not align their tensors.
        rows = np.require(x, np.float32, ["C", "ALIGNED"])
        blocks = _core.quantize_rows(rows, self._info.type)
        stored = self._info.raw().reshape(self._info.rows, -1)[first : first + len(x)]
        same = (blocks == stored).all(axis=1)
        squared = float((errors[same] ** 2).sum())
        other = np.flatnonzero(~same)
        if len(other):
            usual = _core.dequantize_rows(blocks[other], self._info.type)
            squared += float(((x[other] - usual).astype(np.float64) ** 2).sum())
            self._collect(first + other, blocks[other], stored[other], np.abs(y[other] - usual))
        return squared

    def _collect(self, rows: np.ndarray, usual: ByteArray, stored: ByteArray, apart: FloatArray) -> None:
        """Name the blocks that have ggml's scale (and minimum) but codes more than rounding away.

        Args:
            rows: Indices of the rows, [n].
            usual: ggml's blocks, [n, row bytes].
            stored: The file's blocks, [n, row bytes].
            apart: The distance between the values of both, [n, columns].
        """
        kind = TYPES[self._info.type]
        step, stored_step = (_float16_at(blocks, kind.block_bytes, 0) for blocks in (usual, stored))
        same = np.abs(step - stored_step) <= _SAME_SCALE * np.abs(step)
        if kind.name == "q4_1":
            least, stored_least = (_float16_at(blocks, kind.block_bytes, 2) for blocks in (usual, stored))
            same &= np.abs(least - stored_least) <= _SAME_SCALE * np.abs(least)
        furthest = apart.reshape(len(rows), -1, kind.block).max(axis=2)
        wrong = np.argwhere(same & (furthest > _MAX_STEPS * np.abs(step)))
        for row, block in wrong[:_MOST_NAMED]:
            self.wrong.append(f"{self._info.name} row {rows[row]} block {block}")


def _float16_at(rows: ByteArray, block_bytes: int, offset: int) -> FloatArray:
    """The float16 at a byte of every block, as float32 [rows, blocks]."""
    numbers = rows.reshape(len(rows), -1, block_bytes)[:, :, offset : offset + 2]
    return np.ascontiguousarray(numbers).view(np.float16)[:, :, 0].astype(np.float32)
