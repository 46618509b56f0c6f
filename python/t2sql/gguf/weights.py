"""Writing model.safetensors from GGUF tensors, a tensor at a time so that memory stays small."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from t2sql.gguf.tensors import FloatArray, TensorInfo, row_chunks
from t2sql.plain import Json
from t2sql.progress import Progress

Rows = TypeVar("Rows", bound=NDArray[np.generic])

# ggml type -> safetensors' dtype and bytes of a value; every other type is written as float32.
_OFFSET_ROUNDING = 2.0**-23
_DTYPES = {"f16": ("F16", 2), "bf16": ("BF16", 2)}


@dataclass(frozen=True)
class Weight:
    """A tensor to write.

    Attributes:
        name: Its Hugging Face name.
        info: The GGUF tensor that it comes from.
        heads: The heads whose rows go back to Hugging Face's order; 0 leaves the rows as they are.
        offset: What conversion added to every element, to be subtracted.
        narrows: Whether the float32 values are written as bfloat16.
    """

    name: str
    info: TensorInfo
    heads: int = 0
    offset: float = 0.0
    narrows: bool = False

    @property
    def dtype(self) -> tuple[str, int]:
        """The dtype as safetensors names it, and bytes of a value."""
        if self.narrows:
            return _DTYPES["bf16"]
        return ("F32", 4) if self.offset else _DTYPES.get(self.info.type, ("F32", 4))

    def holds_bfloat16(self) -> bool:
        """Whether the values are float32 and bfloat16 has them, but for the rounding of the offset."""
        if self.info.type != "f32":
            return False
        tolerance = _OFFSET_ROUNDING if self.offset else 0.0
        for start, stop in row_chunks(self.info):
            values = self.info.float32(start, stop) - np.float32(self.offset)
            if not (abs(_widened(_bfloat16(values)) - values) <= tolerance).all():
                return False
        return True


def _bfloat16(values: FloatArray) -> NDArray[np.uint16]:
    """Finite float32 values rounded to bfloat16, as bits."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _widened(values: NDArray[np.uint16]) -> FloatArray:
    return (values.astype(np.uint32) << 16).view(np.float32)


def to_hf_rows(rows: Rows, heads: int) -> Rows:
    """Reorder the rows of q or k from GGUF's rotary order to Hugging Face's.

    GGUF rotates neighbouring rows of a head together, Hugging Face a row of a head's first half with the
    same row of its second half.

    Args:
        rows: [heads * head_dim, ...].
        heads: The number of heads; 0 returns `rows`.
    """
    if not heads:
        return rows
    pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)  # type: ignore[return-value]


def to_gguf_rows(rows: Rows, heads: int) -> Rows:
    """The inverse of `to_hf_rows` (`LlamaModel.permute` in convert_hf_to_gguf.py)."""
    if not heads:
        return rows
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)  # type: ignore[return-value]


def write_safetensors(path: Path, weights: Sequence[Weight], *, progress: Progress | None = None) -> None:
    """Write the tensors in their order.

    The safetensors library writes arrays that are all in memory; this writes them as they are computed.

    Raises:
        InputError: A tensor is of a type that cannot be dequantized.
        OSError: The file cannot be written.
    """
    header: dict[str, Json] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for weight in weights:
        dtype, size = weight.dtype
        end = offset + weight.info.elements * size
        shape: list[Json] = list(weight.info.shape)
        header[weight.name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for done, weight in enumerate(weights):
            if progress is not None:
                progress(done, len(weights), weight.name)
            for part in _parts(weight):
                file.write(part)
    if progress is not None:
        progress(len(weights), len(weights), "")


def _parts(weight: Weight) -> Iterator[bytes | memoryview]:
    """The bytes of one tensor: reordered ones, which are small, as a whole, others in chunks of rows."""
    info = weight.info
    if weight.narrows:
        values = info.float32() - np.float32(weight.offset)
        yield _buffer(_bfloat16(_reordered(values, weight) if weight.heads else values))
    elif weight.offset:
        values = info.float32()
        # A damaged file may hold numbers that signal.
        with np.errstate(invalid="ignore"):
            values = values - values.dtype.type(weight.offset)
        yield _buffer(values)
    elif info.type in _DTYPES or info.type == "f32":
        raw = info.raw().reshape(info.rows, -1)
        yield _buffer(_reordered(raw, weight) if weight.heads else raw)
    elif weight.heads:
        yield _buffer(_reordered(info.float32(), weight))
    else:
        for start, stop in row_chunks(info):
            yield _buffer(info.float32(start, stop))


def _buffer(values: NDArray[np.generic]) -> bytes | memoryview:
    # A memory view of an empty array cannot be cast to bytes.
    return np.ascontiguousarray(values).data.cast("B") if values.size else b""


def _reordered(values: Rows, weight: Weight) -> Rows:
    """The rows in Hugging Face's order; a bias is stored as one row and has one value for each output."""
    return to_hf_rows(values.reshape(weight.info.shape[0], -1), weight.heads)  # type: ignore[return-value]
