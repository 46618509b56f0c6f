"""Frozen matrices of MLX's layers for Rust: the arrays as they are stored, without a copy."""

from __future__ import annotations

from typing import cast

import numpy as np

from t2sql import _core
from t2sql.runtimes import Array, Module, mx, nn

_FLOATS = (mx.float32, mx.float16, mx.bfloat16)
"""Types of a full matrix that Rust multiplies by."""

CODE_BITS = (4, 8)
"""Bits of a code that Rust decodes."""


def is_frozen_matrix(module: Module) -> bool:
    """Whether a layer is, without its bias, one matrix of a kind that Rust multiplies by.

    These are matrices in float32, float16, bfloat16, and MLX's affine groups of 4 or 8 bits.
    """
    if type(module) in (nn.QuantizedLinear, nn.QuantizedEmbedding):
        return module.mode == "affine" and module.bits in CODE_BITS
    return type(module) in (nn.Linear, nn.Embedding) and module.weight.dtype in _FLOATS


def frozen_weight(module: Module, kernels: str | None = None) -> _core.FrozenWeight:
    """The matrix of a layer for which `is_frozen_matrix` holds.

    Args:
        module: A linear layer or an embedding.
        kernels: What multiplies, one of `_core.product_kernels()`; by default float32.
    """
    if "scales" not in module:
        return _core.FrozenWeight(_numbers(module.weight), kernels=kernels)
    return _core.FrozenWeight(
        np.asarray(module.weight),
        scales=_numbers(module.scales),
        biases=_numbers(module.biases),
        bits=module.bits,
        group_size=module.group_size,
        kernels=kernels,
    )


def embedded_rows(module: Module, ids: Array) -> Array:
    """Rows of an embedding in float32: quantized ones are decoded so, whatever their scales' type."""
    if type(module) is not nn.QuantizedEmbedding:
        return cast(Array, module(ids)).astype(mx.float32)
    assert module.biases is not None  # Affine groups have them.
    scales, biases = module.scales[ids].astype(mx.float32), module.biases[ids].astype(mx.float32)
    group, bits = module.group_size, module.bits
    return mx.dequantize(module.weight[ids], scales, biases, group_size=group, bits=bits)


def _numbers(array: Array) -> np.ndarray:
    """An array of floats; the bits of bfloat16, which NumPy does not know, as uint16."""
    return np.asarray(array.view(mx.uint16) if array.dtype == mx.bfloat16 else array)
