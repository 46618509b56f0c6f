"""The ggml types that this package writes, and the types of files, which may mix several of them."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.errors import InputError


@dataclass(frozen=True)
class GgmlType:
    """A tensor type of ggml.

    Attributes:
        name: ggml's name, such as "q4_0" or "q4_K".
        block: Values in a block; 1 for types without blocks.
        block_bytes: Bytes of a block.
        file_type: The `general.file_type` of a file whose matrices are mostly of this type (`llama_ftype`
            in llama.h).
        fallback: The type that llama-quantize takes for rows that are not whole blocks of this one; None
            where it takes f16.
    """

    name: str
    block: int
    block_bytes: int
    file_type: int
    fallback: str | None = None

    @property
    def quantized(self) -> bool:
        """Whether values are stored in blocks with a common scale."""
        return self.block > 1


TYPES = {
    known.name: known
    for known in (
        GgmlType("f32", 1, 4, 0),
        GgmlType("f16", 1, 2, 1),
        GgmlType("bf16", 1, 2, 32),
        GgmlType("q8_0", 32, 34, 7),
        GgmlType("q6_K", 256, 210, 18, "q8_0"),
        GgmlType("q5_K", 256, 176, 17, "q5_1"),
        GgmlType("q5_1", 32, 24, 9),
        GgmlType("q5_0", 32, 22, 8),
        GgmlType("q4_K", 256, 144, 15, "q5_0"),
        GgmlType("q4_1", 32, 20, 3),
        GgmlType("q4_0", 32, 18, 2),
    )
}
_BY_LOWER_NAME = {name.lower(): known for name, known in TYPES.items()}


@dataclass(frozen=True)
class FileType:
    """A type of files: what most matrices are, and which rule gives some of them another type.

    Attributes:
        name: The name that users give, such as "q4_0" or "q4_k_m"; in lower case.
        matrices: The type of most matrices.
        number: `general.file_type`.
    """

    name: str
    matrices: GgmlType
    number: int


FILE_TYPES = {
    known.name: known
    for known in (
        *(FileType(name, TYPES[name], TYPES[name].file_type) for name in ("f32", "f16", "bf16", "q8_0")),
        FileType("q6_k", TYPES["q6_K"], 18),
        FileType("q5_k_m", TYPES["q5_K"], 17),
        FileType("q5_k_s", TYPES["q5_K"], 16),
        FileType("q5_1", TYPES["q5_1"], 9),
        FileType("q5_0", TYPES["q5_0"], 8),
        FileType("q4_k_m", TYPES["q4_K"], 15),
        FileType("q4_k_s", TYPES["q4_K"], 14),
        FileType("q4_1", TYPES["q4_1"], 3),
        FileType("q4_0", TYPES["q4_0"], 2),
    )
}
_ALIASES = {"q4_k": "q4_k_m", "q5_k": "q5_k_m"}
"""Short names that llama-quantize takes, too."""

# `general.quantization_version`: GGML_QNT_VERSION of ggml.h, the version of the block formats.
QUANTIZATION_VERSION = 2


def type_named(name: str) -> GgmlType:
    """The type of tensors with this ggml name, in either case.

    Raises:
        InputError: No type that this package writes has that name.
    """
    known = _BY_LOWER_NAME.get(name.lower())
    if known is None:
        raise InputError("type not supported", expected=" or ".join(TYPES), found=name)
    return known


def file_type_named(name: str) -> FileType:
    """The type of files with this name, in either case; "q4_k" and "q5_k" are "q4_k_m" and "q5_k_m".

    Raises:
        InputError: No type of files that this package writes has that name.
    """
    lower = name.lower()
    known = FILE_TYPES.get(_ALIASES.get(lower, lower))
    if known is None:
        raise InputError("type not supported", expected=" or ".join(FILE_TYPES), found=name)
    return known
