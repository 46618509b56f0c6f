"""The header of one GGUF or safetensors file, read by the Rust core; tensors are mapped when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from t2sql import _core
from t2sql.checked_json import MAX_F32, MAX_U32, MIN_F32
from t2sql.errors import InputError
from t2sql.gguf.entries import Entry, MetadataValue
from t2sql.gguf.tensors import TensorInfo

T = TypeVar("T")

# safetensors' dtype -> the ggml type that holds the same bytes.
GGML_OF_SAFETENSORS = {"F32": "f32", "F16": "f16", "BF16": "bf16"}


@dataclass(frozen=True)
class GgufFile:
    """The header of a GGUF file, or of a split model as a whole.

    Attributes:
        path: The file; of a split model, the first.
        version: The version of the GGUF format.
        size: Bytes of all files together.
        entries: The metadata in file order; of a split model, the first file's.
        tensors: All tensors by name, in file order.
    """

    path: Path
    version: int
    size: int
    entries: Sequence[Entry]
    tensors: Mapping[str, TensorInfo]

    @cached_property
    def metadata(self) -> Mapping[str, MetadataValue]:
        """The metadata's values by key; their types are the file's."""
        return {entry.key: entry.value for entry in self.entries}

    @property
    def architecture(self) -> str:
        """`general.architecture`, "" when the file has none."""
        return str(self.metadata.get("general.architecture", ""))

    def get(self, key: str) -> MetadataValue | None:
        """A metadata value, None when there is none; "{arch}" in the key stands for the architecture."""
        return self.metadata.get(self._full(key))

    def need(self, key: str) -> MetadataValue:
        """As `get`.

        Raises:
            InputError: The file lacks the key.
        """
        value = self.get(key)
        if value is None:
            raise InputError(
                "metadata key missing",
                where=self.path,
                expected=self._full(key),
                hint="The file is incomplete: convert it again from its source",
            )
        return value

    def integer(self, key: str, *, default: int | None = None, least: int = 1, most: int = MAX_U32) -> int:
        """An integer of the metadata.

        Args:
            key: As for `get`.
            default: What its absence means; None when it must be there.
            least: The least that is accepted.
            most: The most that is accepted.

        Raises:
            InputError: It is missing, no integer, or outside the range.
        """
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refusal(key, f"an integer from {least} to {most}")
        return value

    def number(
        self, key: str, *, default: float | None = None, least: float = MIN_F32, most: float = MAX_F32
    ) -> float:
        """A finite number of the metadata, unless the caller says otherwise a positive one.

        Args:
            key: As for `get`.
            default: What its absence means; None when it must be there.
            least: The least that is accepted.
            most: The most that is accepted.

        Raises:
            InputError: It is missing or something else.
        """
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            kind = "a positive number" if least == MIN_F32 else f"a number from {least:g} to {most:g}"
            raise self.refusal(key, kind)
        return float(value)

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text of the metadata; the arguments are those of `integer`.

        Raises:
            InputError: It is missing or something else.
        """
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self.refusal(key, "a text")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """A flag of the metadata; `default` when it is absent.

        Raises:
            InputError: It is something else.
        """
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.refusal(key, "true or false")
        return value

    def texts(self, key: str) -> Sequence[str]:
        """A list of texts; empty when it is absent.

        Raises:
            InputError: It is something else.
        """
        return self._list(key, str, "a list of texts")

    def integers(self, key: str) -> Sequence[int]:
        """A list of integers; empty when it is absent.

        Raises:
            InputError: It is something else.
        """
        return self._list(key, int, "a list of integers")

    def numbers(self, key: str) -> Sequence[float]:
        """A list of floats; empty when it is absent.

        Raises:
            InputError: It is something else.
        """
        return self._list(key, float, "a list of floats")

    def refusal(self, key: str, expected: str) -> InputError:
        """The error for a value that is not what was expected.

        Args:
            key: As for `get`.
            expected: What would be accepted.
        """
        return InputError(
            "metadata value not supported",
            where=f"{self.path}: {self._full(key)}",
            expected=expected,
            found=repr(self.get(key))[:80],
        )

    def _value(self, key: str, default: MetadataValue | None) -> MetadataValue:
        value = self.get(key)
        if value is not None:
            return value
        return self.need(key) if default is None else default

    def _list(self, key: str, kind: type[T], expected: str) -> Sequence[T]:
        """An array, all of whose items have the type of the first, as the format demands."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or (value and type(value[0]) is not kind):
            raise self.refusal(key, expected)
        return value

    def _full(self, key: str) -> str:
        return key.replace("{arch}", self.architecture)


@dataclass(frozen=True)
class SafetensorsFile:
    """The header of a safetensors file.

    Attributes:
        path: The file.
        metadata: Its `__metadata__`.
        tensors: Its tensors by name, in the order of their bytes.
    """

    path: Path
    metadata: Mapping[str, str]
    tensors: Mapping[str, TensorInfo]

    @cached_property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size


def read_gguf_header(path: Path, *, arrays: bool = True) -> GgufFile:
    """Read one file's header, whether or not it belongs to a split model.

    Args:
        path: The file.
        arrays: False keeps the metadata's arrays as opaque `MetadataArray`s, which can be counted and
            written again; making lists of a vocabulary takes most of the time that reading a header takes.

    Raises:
        InputError: There is no such file, or its header is malformed.
    """
    if not path.is_file():
        raise InputError("no such GGUF file", where=path)
    header = _core.read_gguf(str(path), arrays=arrays)
    tensors = {
        t["name"]: TensorInfo(t["name"], t["type"], tuple(t["shape"]), t["offset"], t["nbytes"], path)
        for t in header["tensors"]
    }
    entries = [Entry(*entry) for entry in header["metadata"]]
    return GgufFile(path, header["version"], header["file_size"], entries, tensors)


def read_safetensors(path: Path) -> SafetensorsFile:
    """Read a file's header; dtypes get ggml's names where ggml has the type.

    Raises:
        InputError: There is no such file, or its header is malformed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such safetensors file", where=path)
    header = _core.read_safetensors(str(path))
    tensors = {}
    for t in header["tensors"]:
        kind = GGML_OF_SAFETENSORS.get(t["dtype"], t["dtype"])
        tensors[t["name"]] = TensorInfo(t["name"], kind, tuple(t["shape"]), t["offset"], t["nbytes"], path)
    return SafetensorsFile(path, dict(header["metadata"]), tensors)


def main_type(gguf: GgufFile) -> str:
    """The type that holds most of the weights inside blocks; "f32" when there are none.

    The embedding can outweigh all else in a small model, yet a file is not named for its type.
    """
    elements: Counter[str] = Counter()
    for name, info in gguf.tensors.items():
        if len(info.shape) > 1 and name.startswith("blk."):
            elements[info.type] += info.elements
    return elements.most_common(1)[0][0] if elements else "f32"
