"""Writing model.safetensors from GGUF tensors, a tensor at a time so that memory stays small."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import WorkError
from t2sql.gguf.container import TensorInfo, row_chunks

if TYPE_CHECKING:
    import numpy as np

_DTYPES = {"f16": ("F16", 2), "bf16": ("BF16", 2)}


@dataclass
class Weight:
    """A tensor to write: its Hugging Face name, where it comes from, the heads to un-permute (0: none)."""

    name: str
    info: TensorInfo
    heads: int = 0
    # What conversion added to it.
    offset: float = 0.0

    @property
    def dtype(self) -> tuple[str, int]:
        if self.offset:
            return "F32", 4
        return _DTYPES.get(self.info.type, ("F32", 4))


def to_hf_rows(x: np.ndarray, heads: int) -> np.ndarray:
    """GGUF's neighbouring rotary pairs to Hugging Face's two halves of each head."""
    if not heads:
        return x
    return x.reshape(heads, x.shape[0] // heads // 2, 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def to_gguf_rows(x: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of `to_hf_rows`."""
    if not heads:
        return x
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def write_safetensors(
    path: Path, weights: list[Weight], *, progress: Callable[[int, int, str], None] | None = None
) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for weight in weights:
        dtype, size = weight.dtype
        end = offset + weight.info.elements * size
        header[weight.name] = {
            "dtype": dtype,
            "shape": list(weight.info.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    try:
        with path.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for done, weight in enumerate(weights):
                if progress is not None:
                    progress(done, len(weights), weight.name)
                for part in _parts(weight):
                    file.write(part)
    except OSError as error:
        raise WorkError("weights not written", where=path, found=error.strerror) from None
    if progress is not None:
        progress(len(weights), len(weights), "")


def _parts(weight: Weight) -> Iterator[bytes | memoryview]:
    """The bytes of one tensor; permuted ones whole (small), others in runs of rows."""
    info = weight.info
    if weight.offset:
        yield _buffer(info.float32() - info.float32().dtype.type(weight.offset))
    elif info.type in _DTYPES or info.type == "f32":
        raw = info.raw().reshape(info.rows, -1)
        yield _buffer(_permuted(raw, weight) if weight.heads else raw)
    elif weight.heads:
        yield _buffer(_permuted(info.float32(), weight))
    else:
        for start, stop in row_chunks(info):
            yield _buffer(info.float32(start, stop))


def _buffer(x: np.ndarray) -> bytes | memoryview:
    import numpy as np

    # A memory view of an empty array cannot be cast to bytes.
    return np.ascontiguousarray(x).data.cast("B") if x.size else b""


def _permuted(x: np.ndarray, weight: Weight) -> np.ndarray:
    """A bias is one row of storage but many rows of the projection: permute by the outermost dimension."""
    rows = weight.info.shape[0]
    return to_hf_rows(x.reshape(rows, -1), weight.heads)
