"""Rounding that makes up for its own errors: GPTQ (Frantar et al. 2022, arXiv:2210.17323) on ggml's grids.

The columns of a matrix are rounded from left to right. The error of each is spread over those that are still
to come, so that the products with real activations change least. A block's scale (and minimum) is what ggml's
search for an importance matrix gives for its columns as they then are; codes are rounded on that grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from t2sql.gguf import ByteArray, FloatArray, dequantize_rows, quantize_rows

Float64s = NDArray[np.float64]

_BLOCK = 32
_DAMPING = 0.01
"""What is added to the Hessian's diagonal, as a fraction of its mean."""


@dataclass(frozen=True)
class _Grid:
    """Where a block type has its numbers.

    Attributes:
        lowest: The smallest code, as the value that it multiplies the scale by.
        highest: The largest.
        has_min: Whether a minimum follows the scale.
        bits: Bits of a code.
    """

    lowest: int
    highest: int
    has_min: bool
    bits: int


_GRIDS = {
    "q4_0": _Grid(-8, 7, False, 4),
    "q4_1": _Grid(0, 15, True, 4),
    # ggml's codes leave out -128.
    "q8_0": _Grid(-127, 127, False, 8),
}
SECOND_ORDER_TYPES = tuple(_GRIDS)
"""The block types that `round_columns` knows."""


@dataclass(frozen=True)
class Rounded:
    """A matrix on a grid.

    Attributes:
        blocks: The rows' blocks, [rows, row bytes].
        values: What they stand for, [rows, columns].
        loss: The squared error of the products with the activations, relative to that of no weights at all.
        plain_loss: The same of ggml's rounding with the activations' mean squares as importance.
        second_order: Whether the blocks are of second order; otherwise they are those of plain rounding,
            which had the smaller loss.
    """

    blocks: ByteArray
    values: FloatArray
    loss: float
    plain_loss: float
    second_order: bool


def round_columns(weight: FloatArray, hessian: Float64s, type_name: str) -> Rounded:
    """Round a matrix.

    Args:
        weight: The matrix, float32 [rows, columns]; columns are a multiple of 32.
        hessian: Products of the activations with each other, summed over tokens, [columns, columns].
        type_name: One of `SECOND_ORDER_TYPES`.

    Returns:
        The blocks of second order, or of plain rounding where those have the smaller loss.
    """
    diagonal = np.diagonal(hessian)
    importance = (diagonal / max(diagonal.mean(), 1e-30)).astype(np.float32)[None, :]
    plain = quantize_rows(weight, type_name, weights=importance)
    plain_values = dequantize_rows(plain, type_name)
    plain_loss = relative_loss(weight, plain_values, hessian)
    blocks = _second_order(weight, hessian, type_name)
    values = dequantize_rows(blocks, type_name)
    loss = relative_loss(weight, values, hessian)
    # NaN is not less.
    if not loss < plain_loss:
        return Rounded(plain, plain_values, plain_loss, plain_loss, second_order=False)
    return Rounded(blocks, values, loss, plain_loss, second_order=True)


def relative_loss(weight: FloatArray, values: FloatArray, hessian: Float64s) -> float:
    """The squared error of the products with the activations, relative to the squares of the products."""
    error = weight.astype(np.float64) - values
    exact = weight.astype(np.float64)
    whole = float(np.einsum("ij,ij->", exact @ hessian, exact))
    return float(np.einsum("ij,ij->", error @ hessian, error)) / whole if whole > 0 else 0.0


def _second_order(weight: FloatArray, hessian: Float64s, type_name: str) -> ByteArray:
    grid = _GRIDS[type_name]
    factor = _inverse_factor(hessian)
    # What an error in a column costs when the columns after it make up for it.
    cost = 1.0 / np.diagonal(factor) ** 2
    cost = (cost / cost.mean()).astype(np.float32)
    rest = weight.astype(np.float64)
    parts = []
    for start in range(0, rest.shape[1], _BLOCK):
        stop = start + _BLOCK
        block = rest[:, start:stop]
        shown = np.ascontiguousarray(block, np.float32)
        found = quantize_rows(shown, type_name, weights=np.ascontiguousarray(cost[None, start:stop]))
        scale, minimum = _scales(found, grid)
        codes = np.empty(block.shape, np.int64)
        errors = np.empty_like(block)
        for column in range(_BLOCK):
            index = start + column
            codes[:, column] = _codes(block[:, column], scale, minimum, grid)
            value = codes[:, column] * scale + minimum
            errors[:, column] = (block[:, column] - value) / factor[index, index]
            block[:, column + 1 :] -= np.outer(errors[:, column], factor[index, index + 1 : stop])
        rest[:, stop:] -= errors @ factor[start:stop, stop:]
        parts.append(_packed(found, codes, grid))
    return np.concatenate(parts, axis=1)


def _inverse_factor(hessian: Float64s) -> Float64s:
    """The upper triangular factor U of the damped Hessian's inverse, U^T U, [columns, columns]."""
    damped = hessian.copy()
    diagonal = np.einsum("ii->i", damped)
    # A column that no activation reaches may be rounded anyhow.
    diagonal[diagonal <= 0] = 1.0
    diagonal += _DAMPING * diagonal.mean()
    return np.ascontiguousarray(np.linalg.cholesky(np.linalg.inv(damped)).T)


def _scales(blocks: ByteArray, grid: _Grid) -> tuple[Float64s, Float64s]:
    """The scale and the minimum of one block of each row, [rows]."""
    head = np.ascontiguousarray(blocks[:, : 4 if grid.has_min else 2]).view(np.float16).astype(np.float64)
    return head[:, 0], head[:, 1] if grid.has_min else np.zeros(len(blocks))


def _codes(values: Float64s, scale: Float64s, minimum: Float64s, grid: _Grid) -> NDArray[np.int64]:
    """The nearest codes to a column's values, [rows]."""
    steps = np.divide(values - minimum, scale, out=np.zeros_like(values), where=scale != 0)
    return np.clip(np.rint(steps), grid.lowest, grid.highest).astype(np.int64)


def _packed(blocks: ByteArray, codes: NDArray[np.int64], grid: _Grid) -> ByteArray:
    """Blocks [rows, block bytes] with other codes [rows, 32]."""
    head = blocks[:, : 4 if grid.has_min else 2]
    if grid.bits == 8:
        return np.concatenate([head, codes.astype(np.int8).view(np.uint8)], axis=1)
    # The first half of a block is in the low four bits.
    unsigned = (codes - grid.lowest).astype(np.uint8)
    return np.concatenate([head, unsigned[:, :16] | unsigned[:, 16:] << 4], axis=1)
