"""Rows of numbers to ggml's blocks and back, for callers with NumPy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from t2sql import _core
from t2sql.bounds import check_threads
from t2sql.gguf.rounding import Rounding


def quantize_rows(
    x: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16],
    block_format: str,
    threads: int | None = None,
    weights: NDArray[np.float32] | None = None,
    rounding: Rounding = "reference",
) -> NDArray[np.uint8]:
    """Quantize rows, bit for bit as ggml's reference functions do, or fitted.

    Args:
        x: C-contiguous `[rows, n]` of float32, float16, or the bits of bfloat16 as uint16 (NumPy has no
            bfloat16); n is a multiple of 32, for q4_K, q5_K and q6_K of 256. It is not copied.
        block_format: q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0, in either case.
        threads: How many threads work; None for one on each core.
        weights: What a squared error costs in each column, `[1, n]`, finite and not negative, for float32
            rows: the numbers of an importance matrix. None is ggml's rounding without one.
        rounding: "fitted" takes for each block of 32 values the scale with the least sum of squared errors
            (times weights) of a few, of which the reference's is one.

    Returns:
        The blocks, `[rows, blocks * bytes of a block]`. A block with a NaN or an infinity has a NaN scale and
        codes of zero, so that it becomes NaN in all of its values.

    Raises:
        InputError: The array, the format, the number of threads, the weights or the rounding are none of
            these.
    """
    check_threads(threads)
    if rounding == "reference":
        return _core.quantize_rows(x, block_format, threads, weights)
    return _core.quantize_rows(x, block_format, threads, weights, rounding)


def dequantize_rows(
    q: NDArray[np.uint8], block_format: str, threads: int | None = None
) -> NDArray[np.float32]:
    """Dequantize rows of blocks: the inverse of `quantize_rows`.

    Args:
        q: C-contiguous blocks, `[rows, blocks * bytes of a block]`.
        block_format: q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0, in either case.
        threads: How many threads work; None for one on each core.

    Returns:
        The values, `[rows, blocks * values of a block]`.

    Raises:
        InputError: The array, the format or the number of threads is none of these.
    """
    check_threads(threads)
    return _core.dequantize_rows(q, block_format, threads)
