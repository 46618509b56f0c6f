"""One key-value pair of a GGUF's metadata, as the Rust core reads and writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from t2sql._core import MetadataArray

Scalar: TypeAlias = bool | int | float | str
MetadataValue: TypeAlias = (
    Scalar | Sequence[bool] | Sequence[int] | Sequence[float] | Sequence[str] | MetadataArray
)


class Entry(NamedTuple):
    """A metadata entry, in the order in which `_core.write_ggufs` takes its parts.

    Attributes:
        key: The full key, such as "llama.block_count".
        type: The value's type in the file: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, bool, str, or
            "arr:" and one of these.
        value: A value of that type.
    """

    key: str
    type: str
    value: MetadataValue
