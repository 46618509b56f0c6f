"""One tensor of a GGUF or safetensors file: where its bytes are, and its values as float32."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import lazy_loader
import numpy as np
from numpy.typing import NDArray

from t2sql import _core
from t2sql.errors import InputError
from t2sql.gguf.ggml_types import TYPES

# gguf-py takes longer to import than a header to read, and only foreign block types need it.
gguf_py = lazy_loader.load("gguf")

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]


class CoreKeywords(TypedDict, total=False):
    """How the Rust core computes a tensor that is not stored as it is: arguments of `_core.TensorPlan`."""

    affine: _core.AffineSource
    grid: tuple[int, int]
    low_rank: _core.LowRankSource


@dataclass(frozen=True)
class TensorInfo:
    """A tensor in a file.

    Attributes:
        name: Its name in the file.
        type: ggml's name of its type in lower case, or the file's own name for a type that ggml lacks.
        shape: Row-major, outermost dimension first (a GGUF stores the reverse).
        offset: Bytes from the start of the file to its first byte.
        nbytes: Bytes that it takes.
        path: The file.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int
    path: Path

    @property
    def elements(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def rows(self) -> int:
        """The number of rows, all outer dimensions together; a one-dimensional tensor is one row."""
        return self.elements // self.shape[-1] if self.shape and self.shape[-1] else 0

    @property
    def whole_nbytes(self) -> int:
        """Bytes that it takes with everything that belongs to it, such as scales in tensors of their own."""
        return self.nbytes

    def core_keywords(self) -> CoreKeywords:
        """How the Rust core computes it; empty for a tensor whose values are stored."""
        return {}

    def raw(self) -> ByteArray:
        """The bytes as stored, [nbytes]; the file is mapped, so only what is touched is read."""
        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=self.offset, shape=(self.nbytes,))

    def float32(self, start: int = 0, stop: int | None = None) -> FloatArray:
        """Rows `start` to `stop` (exclusive; None for the last) as float32, [stop - start, row length].

        Raises:
            InputError: Neither the Rust core nor gguf-py can dequantize the type.
        """
        rows = self.rows
        raw = self.raw().reshape(rows, -1)[start : rows if stop is None else stop]
        if self.type == "f32":
            return raw.view(np.float32)
        if self.type == "f16":
            return raw.view(np.float16).astype(np.float32)
        if self.type == "bf16":
            # The upper half of a float32.
            return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        return _dequantize(raw, self)


def row_chunks(info: TensorInfo, elements: int = 1 << 23) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of consecutive row ranges of about `elements` values at most.

    A pass over a tensor in such chunks never holds a large tensor as float32 as a whole.
    """
    step = max(1, elements // max(1, info.shape[-1] if info.shape else 1))
    for start in range(0, info.rows, step):
        yield start, min(info.rows, start + step)


def _dequantize(raw: ByteArray, info: TensorInfo) -> FloatArray:
    """Rows of blocks [rows, row bytes] as float32 [rows, row length]."""
    known = TYPES.get(info.type)
    if known is not None and known.quantized:
        return _core.dequantize_rows(np.ascontiguousarray(raw), info.type)
    try:
        kind = gguf_py.GGMLQuantizationType[info.type.upper()]
        return np.asarray(gguf_py.quants.dequantize(raw, kind), dtype=np.float32)
    except (KeyError, NotImplementedError, ValueError):
        raise InputError(
            "tensor type not supported",
            where=f"{info.path}: tensor {info.name}",
            expected="f32, f16, bf16 or a block type that gguf-py can dequantize (q8_0, q4_0, q4_K, q6_K, …)",
            found=info.type,
        ) from None
