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
# Where in a block the half-precision scale is, and the minimum; the bytes with the scales of its parts.
_SCALE_AT = {"q6_K": 208}
_MIN_AT = {"q4_1": 2, "q5_1": 2, "q4_K": 2, "q5_K": 2}
_PARTS = {"q4_K": slice(4, 16), "q5_K": slice(4, 16), "q6_K": slice(192, 208)}
# The largest factor of a part's scale.
_LARGEST_FACTOR = {"q4_K": 63, "q5_K": 63, "q6_K": 128}
# How many damaged blocks of a chunk are named.
_MOST_NAMED = 100


class Rounding:
    """Compares a tensor's blocks with ggml's rounding, chunk by chunk.

    Attributes:
        exists: Whether the tensor is of a block type that the Rust core writes; there is nothing to compare
            otherwise.
        wrong: The blocks whose codes cannot be right, as "TENSOR row R block B".
    """

    def __init__(self, info: TensorInfo, *, moves_codes: bool = False) -> None:
        """Prepare to compare the file's tensor `info`.

        Args:
            info: The tensor.
            moves_codes: Whether codes are where rounding did not put them because they make up for the errors
                of others: then none is damage.
        """
        self._info = info
        self._moves_codes = moves_codes
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
            if not self._moves_codes:
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
        offset = _SCALE_AT.get(kind.name, 0)
        step, stored_step = (_float16_at(blocks, kind.block_bytes, offset) for blocks in (usual, stored))
        same = np.abs(step - stored_step) <= _SAME_SCALE * np.abs(step)
        if kind.name in _MIN_AT:
            offset = _MIN_AT[kind.name]
            least, stored_least = (_float16_at(b, kind.block_bytes, offset) for b in (usual, stored))
            same &= np.abs(least - stored_least) <= _SAME_SCALE * np.abs(least)
        if kind.name in _PARTS:
            part = _PARTS[kind.name]
            factors, stored_factors = (
                b.reshape(len(rows), -1, kind.block_bytes)[:, :, part] for b in (usual, stored)
            )
            same &= (factors == stored_factors).all(axis=2)
            step = step * np.float32(_LARGEST_FACTOR[kind.name])
        furthest = apart.reshape(len(rows), -1, kind.block).max(axis=2)
        wrong = np.argwhere(same & (furthest > _MAX_STEPS * np.abs(step)))
        for row, block in wrong[:_MOST_NAMED]:
            self.wrong.append(f"{self._info.name} row {rows[row]} block {block}")


def _float16_at(rows: ByteArray, block_bytes: int, offset: int) -> FloatArray:
    """The float16 at a byte of every block, as float32 [rows, blocks]."""
    numbers = rows.reshape(len(rows), -1, block_bytes)[:, :, offset : offset + 2]
    return np.ascontiguousarray(numbers).view(np.float16)[:, :, 0].astype(np.float32)
