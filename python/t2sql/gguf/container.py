"""A GGUF or safetensors file as Python sees it: header from Rust, tensor bytes mapped on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    import numpy as np

# safetensors dtype -> the ggml type that holds the same bytes.
GGML_OF_SAFETENSORS = {"F32": "f32", "F16": "f16", "BF16": "bf16"}


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a file; `shape` is row-major, outermost dimension first."""

    name: str
    type: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int
    path: Path

    @property
    def elements(self) -> int:
        n = 1
        for size in self.shape:
            n *= size
        return n

    @property
    def rows(self) -> int:
        return self.elements // self.shape[-1] if self.shape and self.shape[-1] else 0

    def raw(self) -> np.ndarray:
        """The bytes as stored, mapped, not read."""
        import numpy as np

        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=self.offset, shape=(self.nbytes,))

    def float32(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows `start:stop` as float32 [rows, row length]; a 1-D tensor is one row."""
        import numpy as np

        rows = self.rows
        raw = self.raw().reshape(rows, -1)[start : rows if stop is None else stop]
        if self.type == "f32":
            return raw.view(np.float32)
        if self.type == "f16":
            return raw.view(np.float16).astype(np.float32)
        if self.type == "bf16":
            return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        return dequantize(raw, self)


def dequantize(raw: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Block-quantized rows to float32: Rust for its own types, gguf-py for every other it knows."""
    import numpy as np

    if info.type in ("q8_0", "q4_1", "q4_0"):
        from t2sql import _core

        return _core.dequantize_rows(np.ascontiguousarray(raw), info.type)
    from gguf import GGMLQuantizationType, quants

    try:
        return quants.dequantize(raw, GGMLQuantizationType[info.type.upper()]).astype(np.float32)
    except (KeyError, NotImplementedError, ValueError):
        raise InputError(
            "tensor type not supported",
            where=f"{info.path}: tensor {info.name}",
            expected="f32, f16, bf16 or a block type that gguf-py can dequantize (q8_0, q4_0, q4_K, q6_K, …)",
            found=info.type,
        ) from None


@dataclass
class GgufFile:
    path: Path
    version: int
    size: int
    entries: list[tuple[str, str, Any]]
    tensors: dict[str, TensorInfo]
    metadata: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = {key: value for key, _, value in self.entries}

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    def get(self, key: str, default: Any = None) -> Any:
        """A metadata value; `{arch}` in the key stands for the architecture."""
        return self.metadata.get(key.replace("{arch}", self.architecture), default)

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise InputError(
                "metadata key missing",
                where=self.path,
                expected=key.replace("{arch}", self.architecture),
                hint="the file is incomplete: convert it again from its source",
            )
        return value


def read_gguf(path: Path, *, arrays: bool = True) -> GgufFile:
    """The header of a file; of the first file of a split model, the whole model's.

    Without `arrays`, the metadata's arrays can only be written again, which spares making lists of them.
    """
    from t2sql.gguf.shards import TENSORS, check_part, siblings

    whole = _read_one(Path(path), arrays)
    for number, other in enumerate(siblings(whole)[1:], start=1):
        part = _read_one(other, arrays)
        check_part(whole, part, number)
        whole.tensors.update(part.tensors)
        whole.size += part.size
    expected = whole.metadata.get(TENSORS, len(whole.tensors))
    if expected != len(whole.tensors):
        raise InputError(
            "tensors of a split model missing", where=path, expected=expected, found=len(whole.tensors)
        )
    return whole


def _read_one(path: Path, arrays: bool) -> GgufFile:
    from t2sql import _core

    if not path.is_file():
        raise InputError("no such GGUF file", where=path)
    header = _core.read_gguf(str(path), arrays=arrays)
    tensors = {t["name"]: _info(t, t["type"], path) for t in header["tensors"]}
    return GgufFile(path, header["version"], header["file_size"], list(header["metadata"]), tensors)


@dataclass
class SafetensorsFile:
    path: Path
    metadata: dict[str, str]
    tensors: dict[str, TensorInfo]

    @cached_property
    def size(self) -> int:
        return self.path.stat().st_size


def read_safetensors(path: Path) -> SafetensorsFile:
    """The header of one file; types are ggml's names where they exist, else safetensors' own."""
    from t2sql import _core

    path = Path(path)
    if not path.is_file():
        raise InputError("no such safetensors file", where=path)
    header = _core.read_safetensors(str(path))
    tensors = {
        t["name"]: _info(t, GGML_OF_SAFETENSORS.get(t["dtype"], t["dtype"]), path) for t in header["tensors"]
    }
    return SafetensorsFile(path, dict(header["metadata"]), tensors)


def _info(t: Any, type_: str, path: Path) -> TensorInfo:
    return TensorInfo(t["name"], type_, tuple(t["shape"]), t["offset"], t["nbytes"], path)


def row_chunks(info: TensorInfo, elements: int = 1 << 23) -> Iterator[tuple[int, int]]:
    """Row ranges of at most about `elements` values each, so that no pass holds a whole large tensor."""
    step = max(1, elements // max(1, info.shape[-1] if info.shape else 1))
    for start in range(0, info.rows, step):
        yield start, min(info.rows, start + step)
