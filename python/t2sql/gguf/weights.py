"""Writing model.safetensors from GGUF tensors, a tensor at a time so that memory stays small."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from t2sql.gguf.tensors import FloatArray, TensorInfo, row_chunks
from t2sql.plain import Json
from t2sql.progress import Progress

Rows = TypeVar("Rows", bound=NDArray[np.generic])

_OFFSET_ROUNDING = 2.0**-23
# ggml type -> safetensors' dtype; every other type is written as float32.
_DTYPES = {"f16": "F16", "bf16": "BF16"}


class WrittenTensor(Protocol):
    """A tensor for `write_safetensors`."""

    @property
    def name(self) -> str:
        """Its name in the file."""

    @property
    def dtype(self) -> str:
        """Its dtype as safetensors names it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""

    def parts(self) -> Iterator[bytes | memoryview]:
        """Its bytes, in pieces that are computed when they are asked for."""


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
    def dtype(self) -> str:
        """The dtype as safetensors names it."""
        if self.narrows:
            return _DTYPES["bf16"]
        return "F32" if self.offset else _DTYPES.get(self.info.type, "F32")

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.info.shape

    @property
    def nbytes(self) -> int:
        """Bytes that are written."""
        return self.info.elements * (4 if self.dtype == "F32" else 2)

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes: reordered tensors, which are small, as a whole, others in chunks of rows."""
        info = self.info
        if self.narrows:
            values = info.float32() - np.float32(self.offset)
            yield as_buffer(_bfloat16(_reordered(values, self) if self.heads else values))
        elif self.offset:
            values = info.float32()
            # A damaged file may hold numbers that signal.
            with np.errstate(invalid="ignore"):
                values = values - values.dtype.type(self.offset)
            yield as_buffer(values)
        elif info.type in _DTYPES or info.type == "f32":
            raw = info.raw().reshape(info.rows, -1)
            yield as_buffer(_reordered(raw, self) if self.heads else raw)
        elif self.heads:
            yield as_buffer(_reordered(info.float32(), self))
        else:
            for start, stop in row_chunks(info):
                yield as_buffer(info.float32(start, stop))

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


def write_safetensors(
    path: Path, tensors: Sequence[WrittenTensor], *, progress: Progress | None = None
) -> None:
    """Write the tensors in their order.

    The safetensors library writes arrays that are all in memory; this writes them as they are computed.

    Raises:
        InputError: A tensor is of a type that cannot be dequantized.
        OSError: The file cannot be written.
    """
    header: dict[str, Json] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        end = offset + tensor.nbytes
        shape: list[Json] = list(tensor.shape)
        header[tensor.name] = {"dtype": tensor.dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for done, tensor in enumerate(tensors):
            if progress is not None:
                progress(done, len(tensors), tensor.name)
            for part in tensor.parts():
                file.write(part)
    if progress is not None:
        progress(len(tensors), len(tensors), "")


def as_buffer(values: NDArray[np.generic]) -> bytes | memoryview:
    """The bytes of an array, row by row."""
    # A memory view of an empty array cannot be cast to bytes.
    return np.ascontiguousarray(values).data.cast("B") if values.size else b""


def _reordered(values: Rows, weight: Weight) -> Rows:
    """The rows in Hugging Face's order; a bias is stored as one row and has one value for each output."""
    return to_hf_rows(values.reshape(weight.info.shape[0], -1), weight.heads)  # type: ignore[return-value]
