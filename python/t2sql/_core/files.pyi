"""Headers of safetensors and GGUF files, and the one pass that writes such files."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, TypedDict, final

import numpy as np
from numpy.typing import NDArray

class GgufTensor(TypedDict):
    """One tensor of a GGUF.

    `type` is ggml's name of the type, `shape` row-major (outermost dimension first), `offset` counts bytes
    from the start of the file.
    """

    name: str
    type: str
    shape: list[int]
    offset: int
    nbytes: int

class GgufHeader(TypedDict):
    """A GGUF's header, with metadata as (key, type name, value) in file order.

    `alignment`, `data_offset` (the first byte after the header) and `file_size` are in bytes.
    """

    version: int
    alignment: int
    data_offset: int
    file_size: int
    metadata: list[tuple[str, str, Any]]
    tensors: list[GgufTensor]

class SafetensorsTensor(TypedDict):
    """One tensor of a safetensors file.

    `dtype` is the format's name of the type, such as `BF16`, `shape` row-major, `offset` counts bytes from
    the start of the file.
    """

    name: str
    dtype: str
    shape: list[int]
    offset: int
    nbytes: int

class SafetensorsHeader(TypedDict):
    """A safetensors header, its tensors in the order of their bytes."""

    metadata: dict[str, str]
    tensors: list[SafetensorsTensor]

@final
class AffineSource:
    """How MLX packed a quantized matrix, and where its scales and biases are.

    Args:
        bits: Bits of a code: 2, 3, 4, 5, 6 or 8.
        group_size: Consecutive elements of a row that share a scale and a bias.
        scales: File and name of the scales, a float tensor `[rows, columns / group_size]`.
        biases: File and name of the biases, of the same shape.
    """

    def __init__(
        self,
        *,
        bits: int,
        group_size: int,
        scales: tuple[str | PathLike[str], str],
        biases: tuple[str | PathLike[str], str],
    ) -> None: ...

@final
class LowRankSource:
    """What an adapter adds to a matrix `[rows, columns]`: `scale * left @ right`, summed in float32.

    An element of the product is a chain of fused multiply-adds over the rank in ascending order, of
    `scale * left`, rounded, and `right`; it is then added to the matrix's element. The value does not depend
    on the processor or the number of threads.

    Args:
        left: File and name of `[rows, rank]`: B of a linear layer, A of an embedding.
        right: File and name of `[rank, columns]`: A of a linear layer, B of an embedding.
        rank: The inner width.
        scale: The factor of the product.
        left_transposed: Whether the file has `left` as `[rank, rows]`.
        right_transposed: Whether the file has `right` as `[columns, rank]`.
        magnitudes: File and name of DoRA's `[rows]`: each row of the sum is multiplied by its magnitude over
            its Euclidean norm.
    """

    def __init__(
        self,
        *,
        left: tuple[str | PathLike[str], str],
        right: tuple[str | PathLike[str], str],
        rank: int,
        scale: float,
        left_transposed: bool = False,
        right_transposed: bool = False,
        magnitudes: tuple[str | PathLike[str], str] | None = None,
    ) -> None: ...

@final
class TensorPlan:
    """One tensor to write.

    Args:
        name: Its name in the file to write.
        path: The safetensors or GGUF file that it comes from.
        source: Its name in that file.
        shape: The shape that it must have there, row-major; with `affine` that of the decoded matrix.
        dtype: The type to write, as ggml names it: f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1,
            q4_0, or the source's own type.
        permute_heads: Reorders the rows of llama's q and k from Hugging Face's rotary layout to GGUF's, for
            this number of heads; 0 keeps the order.
        add: Added to every element in float32, after `grid` and `low_rank`.
        affine: Set when `source` is the codes of a matrix that MLX quantized.
        weights: What a squared error costs in each column, float32 of one dimension: columns values, for each
            of the matrices where the tensor has more than two dimensions.
        grid: Bits and group size to which the matrix is rounded as MLX quantizes it, before `low_rank`.
        low_rank: An adapter of the matrix.
        rounding: How values become blocks: "reference" or "fitted".

    Raises:
        InputError: There is no such type or rounding.
    """

    def __init__(
        self,
        *,
        name: str,
        path: str | PathLike[str],
        source: str,
        shape: Sequence[int],
        dtype: str,
        permute_heads: int = 0,
        add: float = 0.0,
        affine: AffineSource | None = None,
        weights: NDArray[np.float32] | None = None,
        rounding: str = "reference",
        grid: tuple[int, int] | None = None,
        low_rank: LowRankSource | None = None,
    ) -> None: ...
    @property
    def name(self) -> str:
        """Its name in the file to write."""

    @property
    def dtype(self) -> str:
        """The type to write, as ggml names it."""

    @property
    def shape(self) -> list[int]:
        """Its shape, row-major."""

    @property
    def nbytes(self) -> int:
        """Bytes of its data in the file to write.

        Raises:
            InputError: The shape is not whole blocks of the type.
        """

class WriteSummary(TypedDict):
    """What was written: bytes and tensors of all files, seconds, and how many tensors have each type.

    `max_change` is the largest change of a weight by an adapter, in float32; 0 without one.
    """

    bytes: int
    tensors: int
    seconds: float
    types: dict[str, int]
    max_change: float

@final
class MetadataArray:
    """An array of a GGUF's metadata, only to be counted and written again: quicker than a list."""

    def __len__(self) -> int: ...

def read_gguf(path: str | PathLike[str], *, arrays: bool = True) -> GgufHeader:
    """Read and check the header of a GGUF of version 2 or 3.

    Args:
        path: The file.
        arrays: Whether metadata arrays become lists; otherwise they are `MetadataArray`s.

    Raises:
        InputError: The file cannot be read or breaks the format; the error names the byte.
    """

def read_safetensors(path: str | PathLike[str]) -> SafetensorsHeader:
    """Read and check the header of one safetensors file.

    Raises:
        InputError: The file cannot be read or breaks the format, which includes data that no tensor claims;
            the error names the byte.
    """

def write_gguf(
    out: str | PathLike[str],
    metadata: Sequence[tuple[str, str, Any]],
    tensors: Sequence[TensorPlan],
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
    force: bool = False,
) -> WriteSummary:
    """Write a GGUF v3 with an alignment of 32 in one streaming pass.

    The bytes do not depend on the number of threads. The file gets its name when it is complete: on any error
    nothing is left, and an old `out` stays as it was.

    Args:
        out: The file to write.
        metadata: (key, type, value) in file order. A type is one of u8 i8 u16 i16 u32 i32 u64 i64 f32 f64
            bool str, or `arr:` and one of them.
        tensors: The tensors in file order.
        threads: How many threads convert; None for one on each core.
        progress: Called with the source bytes done, the source bytes in all, and the tensor begun last, many
            times a second and from the calling thread. An exception that it raises cancels the pass and
            propagates.
        force: Replace a file that exists.

    Raises:
        InputError: A plan that cannot be carried out, a weight that is not finite or too large for its type,
            an output that exists.
        WorkError: The disk is full or fails, or another process wrote to a source or shortened it meanwhile.
    """

def write_ggufs(
    files: Sequence[tuple[str | PathLike[str], Sequence[tuple[str, str, Any]], Sequence[TensorPlan]]],
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
    force: bool = False,
) -> WriteSummary:
    """Write several GGUFs in one pass, as `write_gguf`; they appear together.

    Args:
        files: Path, metadata and tensors of each.
        threads: As for `write_gguf`.
        progress: As for `write_gguf`, over all files.
        force: Replace files that exist.

    Raises:
        InputError: As `write_gguf`.
        WorkError: As `write_gguf`.
    """

def write_safetensors(
    files: Sequence[tuple[str | PathLike[str], Sequence[tuple[str, str]], Sequence[TensorPlan]]],
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
    force: bool = False,
) -> WriteSummary:
    """Write safetensors files in one pass, as `write_ggufs`; tensors are of the types f32, f16 and bf16.

    Args:
        files: Path, `__metadata__` and tensors of each, in file order.
        threads: As for `write_gguf`.
        progress: As for `write_gguf`, over all files.
        force: Replace files that exist.

    Raises:
        InputError: As `write_gguf`.
        WorkError: As `write_gguf`.
    """
