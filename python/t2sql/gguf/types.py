"""The ggml types this package writes, and how their names and files are numbered."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.errors import InputError


@dataclass(frozen=True)
class GgmlType:
    name: str
    block: int
    block_bytes: int
    # general.file_type of a file whose matrices are mostly of this type.
    file_type: int

    @property
    def quantized(self) -> bool:
        return self.block > 1

    @property
    def four_bits(self) -> bool:
        return self.name.startswith("q4_")


TYPES = {
    t.name: t
    for t in (
        GgmlType("f32", 1, 4, 0),
        GgmlType("f16", 1, 2, 1),
        GgmlType("bf16", 1, 2, 32),
        GgmlType("q8_0", 32, 34, 7),
        GgmlType("q4_1", 32, 20, 3),
        GgmlType("q4_0", 32, 18, 2),
    )
}
# ggml's version of the block formats; every GGUF of today states it.
QUANTIZATION_VERSION = 2


def type_named(name: str) -> GgmlType:
    """A type by its ggml name in either case."""
    found = TYPES.get(name.lower())
    if found is None:
        raise InputError("type not supported", expected=" or ".join(TYPES), found=name)
    return found
