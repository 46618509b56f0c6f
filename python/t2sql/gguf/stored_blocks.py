"""Matrices in ggml's blocks as MLX's affine groups of 32: the same values, without a full-precision copy.

A value of a block is `d * code` (Q8_0, with signed codes), `d * (code - 8)` (Q4_0) or `d * code + m` (Q4_1),
with d and m in float16; one of an affine group is `scale * code + bias` with codes from 0 on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from t2sql.gguf.ggml_types import TYPES
from t2sql.gguf.tensors import ByteArray, TensorInfo, row_chunks
from t2sql.gguf.weights import Weight, WrittenTensor, as_buffer, to_hf_rows
from t2sql.plain import Json, JsonObject

GROUP_SIZE = 32
"""Values of a group, as of a block."""

AS_AFFINE = ("q8_0", "q4_1", "q4_0")
"""The block types whose values an affine group of 32 can hold: MLX has no scales of scales there."""

_ZERO_CODES = {"q8_0": 128.0, "q4_0": 8.0}
"""The code of zero, where a block has no minimum."""

Half = NDArray[np.float16]


@dataclass(frozen=True)
class AffinePart:
    """One of the three tensors of a matrix in affine groups, written in chunks of rows.

    Attributes:
        weight: The matrix.
        part: Which of the three.
    """

    weight: Weight
    part: Literal["weight", "scales", "biases"]

    @property
    def name(self) -> str:
        """The tensor's name, as mlx-lm reads it."""
        return f"{self.weight.name.removesuffix('.weight')}.{self.part}"

    @property
    def dtype(self) -> str:
        """Words of codes, or float16."""
        return "U32" if self.part == "weight" else "F16"

    @property
    def shape(self) -> tuple[int, ...]:
        """[rows, words] or [rows, groups]."""
        rows, columns = self.weight.info.shape
        divisor = 32 // bits_of(self.weight.info.type) if self.part == "weight" else GROUP_SIZE
        return rows, columns // divisor

    @property
    def nbytes(self) -> int:
        """Bytes that are written."""
        rows, columns = self.shape
        return rows * columns * (4 if self.part == "weight" else 2)

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes; the rows of q and k in Hugging Face's order."""
        info, heads = self.weight.info, self.weight.heads
        chunks = [(0, info.rows)] if heads else row_chunks(info)
        for start, stop in chunks:
            blocks = _blocks(info, start, stop)
            rows = (
                _codes(blocks, info.type) if self.part == "weight" else _scales(blocks, info.type)[self.part]
            )
            yield as_buffer(to_hf_rows(rows, heads))


def as_affine(weights: Sequence[Weight]) -> tuple[list[WrittenTensor], JsonObject]:
    """Keep every matrix in blocks of a known type in affine groups.

    Args:
        weights: The tensors of a model.

    Returns:
        The tensors to write, and config.json's "quantization"; empty where no matrix is kept so.
    """
    tensors: list[WrittenTensor] = []
    bits: dict[str, int] = {}
    for weight in weights:
        if not _keeps(weight):
            tensors.append(weight)
            continue
        tensors += [AffinePart(weight, "weight"), AffinePart(weight, "scales"), AffinePart(weight, "biases")]
        bits[weight.name.removesuffix(".weight")] = bits_of(weight.info.type)
    if not bits:
        return tensors, {}
    usual = max(set(bits.values()), key=list(bits.values()).count)
    settings: dict[str, Json] = {"group_size": GROUP_SIZE, "bits": usual}
    for name, own in bits.items():
        if own != usual:
            settings[name] = {"group_size": GROUP_SIZE, "bits": own}
    return tensors, settings


def bits_of(block_type: str) -> int:
    """Bits of a code of a block type that MLX can hold."""
    return 8 if block_type == "q8_0" else 4


def stored_bytes(info: TensorInfo) -> int:
    """Bytes that a GGUF's tensor takes in memory when it is kept as it is stored."""
    if info.type in ("f16", "bf16"):
        return info.nbytes
    if info.type in AS_AFFINE and len(info.shape) == 2:
        # A scale and a bias of 16 bits for each group.
        return info.elements * (bits_of(info.type) + 1) // 8
    return 4 * info.elements


def _keeps(weight: Weight) -> bool:
    info = weight.info
    is_matrix = weight.name.endswith(".weight") and len(info.shape) == 2 and not weight.offset
    if not is_matrix or info.type not in AS_AFFINE:
        return False
    # The zero's code times a scale may be more than a float16 holds; what is no number stays none.
    return all(_fits(_blocks(info, start, stop), info.type) for start, stop in row_chunks(info))


def _fits(blocks: ByteArray, block_type: str) -> bool:
    scales = _scales(blocks, block_type)
    return bool((np.isfinite(scales["biases"]) | ~np.isfinite(scales["scales"])).all())


def _blocks(info: TensorInfo, start: int, stop: int) -> ByteArray:
    """Blocks of some rows, [rows, blocks, bytes]."""
    rows = info.raw().reshape(info.rows, -1)[start:stop]
    return rows.reshape(stop - start, -1, TYPES[info.type].block_bytes)


def _scales(blocks: ByteArray, block_type: str) -> dict[str, Half]:
    """The groups' scales and biases, [rows, blocks] each."""
    scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16)[..., 0]
    if block_type == "q4_1":
        return {"scales": scales, "biases": np.ascontiguousarray(blocks[..., 2:4]).view(np.float16)[..., 0]}
    with np.errstate(over="ignore", invalid="ignore"):
        # A power of two: exact, unless it overflows.
        return {"scales": scales, "biases": scales * np.float16(-_ZERO_CODES[block_type])}


def _codes(blocks: ByteArray, block_type: str) -> ByteArray:
    """The codes from each word's lowest bits on, [rows, bytes]."""
    rows = blocks.shape[0]
    if block_type == "q8_0":
        # Signed codes, counted from -128 on.
        return np.ascontiguousarray(blocks[..., 2:] ^ np.uint8(0x80)).reshape(rows, -1)
    packed = blocks[..., 4:] if block_type == "q4_1" else blocks[..., 2:]
    # The first half of a block is in the low nibbles, the second in the high ones.
    codes = np.concatenate([packed & np.uint8(0x0F), packed >> np.uint8(4)], axis=-1)
    pairs: ByteArray = codes[..., ::2] | (codes[..., 1::2] << np.uint8(4))
    return pairs.reshape(rows, -1)
