"""The ggml types that this package writes, with the sizes of their blocks and their numbers in a file."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.errors import InputError


@dataclass(frozen=True)
class GgmlType:
    """A tensor type of ggml.

    Attributes:
        name: ggml's name in lower case.
        block: Values in a block; 1 for types without blocks.
        block_bytes: Bytes of a block.
        file_type: The `general.file_type` of a file whose matrices are mostly of this type (`llama_ftype`
            in llama.h).
    """

    name: str
    block: int
    block_bytes: int
    file_type: int

    @property
    def quantized(self) -> bool:
        """Whether values are stored in blocks with a common scale."""
        return self.block > 1

    @property
    def four_bits(self) -> bool:
        """Whether a value takes four bits, its part of the block's scale not counted."""
        return self.name.startswith("q4_")


TYPES = {
    known.name: known
    for known in (
        GgmlType("f32", 1, 4, 0),
        GgmlType("f16", 1, 2, 1),
        GgmlType("bf16", 1, 2, 32),
        GgmlType("q8_0", 32, 34, 7),
        GgmlType("q4_1", 32, 20, 3),
        GgmlType("q4_0", 32, 18, 2),
    )
}
# `general.quantization_version`: GGML_QNT_VERSION of ggml.h, the version of the block formats.
QUANTIZATION_VERSION = 2


def type_named(name: str) -> GgmlType:
    """The type with this ggml name, in either case.

    Raises:
        InputError: No type that this package writes has that name.
    """
    known = TYPES.get(name.lower())
    if known is None:
        raise InputError("type not supported", expected=" or ".join(TYPES), found=name)
    return known
