"""The Rust core: safetensors and GGUF headers, block quantization, the streaming pass to a GGUF.

Every function raises `t2sql.errors.InputError` (the arguments or the input) or `WorkError` (the work),
releases the GIL for its whole duration, and honours Ctrl-C within 200 ms, leaving no half-written file.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, NotRequired, TypedDict, final

import numpy as np
from numpy.typing import NDArray

__version__: str

class GgufTensor(TypedDict):
    """One tensor of a GGUF: shape row-major (outermost first), offset from the start of the file."""

    name: str
    type: str
    shape: list[int]
    offset: int
    nbytes: int

class GgufHeader(TypedDict):
    """A GGUF's header; metadata as (key, type name, value) in file order."""

    version: int
    alignment: int
    data_offset: int
    file_size: int
    metadata: list[tuple[str, str, Any]]
    tensors: list[GgufTensor]

class SafetensorsTensor(TypedDict):
    """One tensor of a safetensors file: dtype as spelled there, offset from the start of the file."""

    name: str
    dtype: str
    shape: list[int]
    offset: int
    nbytes: int

class SafetensorsHeader(TypedDict):
    """A safetensors header, its tensors in the order of their bytes."""

    metadata: dict[str, str]
    tensors: list[SafetensorsTensor]

# Of an MLX matrix whose codes are the plan's source: bits, group size, then file and name of its scales
# and of its biases. The plan's `shape` is the matrix's own.
AffinePlace = tuple[int, int, tuple[str, str], tuple[str, str]]

class TensorPlan(TypedDict):
    """One tensor to write: `name` in the GGUF, from tensor `source` of `path` (safetensors or GGUF).

    `shape` is what it must have there, row-major. `permute_heads` (0: leave) reorders the rows of
    llama's q and k from Hugging Face's order to GGUF's. `add` is added to every element in float32.
    """

    name: str
    path: str | PathLike[str]
    source: str
    shape: Sequence[int]
    type: str
    permute_heads: NotRequired[int]
    add: NotRequired[float]
    affine: NotRequired[AffinePlace | None]

class WriteSummary(TypedDict):
    """What was written; `types` counts tensors of each type."""

    bytes: int
    tensors: int
    seconds: float
    types: dict[str, int]

def quantize_rows(
    x: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16], type: str, threads: int | None = None
) -> NDArray[np.uint8]:
    """Quantize C-contiguous `[rows, n]` to q8_0, q4_1 or q4_0: uint8 `[rows, n / 32 * block bytes]`.

    From float32, float16, or the bits of bfloat16 as uint16, which NumPy has no type for; nothing is copied.

    Bit for bit ggml's reference. A block that holds a NaN or an infinity gets a NaN scale and codes
    of zero.
    """

def dequantize_rows(q: NDArray[np.uint8], type: str, threads: int | None = None) -> NDArray[np.float32]:
    """The float32 values of rows of blocks: the inverse of `quantize_rows`."""

@final
class MetadataArray:
    """An array of a header as it is, only to be counted and written again: quicker than a list."""

    def __len__(self) -> int: ...

def read_gguf(path: str | PathLike[str], *, arrays: bool = True) -> GgufHeader:
    """Read and check the header of a GGUF (v2 or v3). Types are spelled as ggml spells them (`q4_0`,
    `q6_K`). Without `arrays` the metadata's arrays are `MetadataArray`s instead of lists.
    """

def read_safetensors(path: str | PathLike[str]) -> SafetensorsHeader:
    """Read and check the header of one safetensors file."""

def write_gguf(
    out: str | PathLike[str],
    metadata: Sequence[tuple[str, str, Any]],
    tensors: Sequence[TensorPlan],
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
    force: bool = False,
) -> WriteSummary:
    """Write a GGUF v3 (alignment 32) in one streaming pass, with the same bytes for any number of threads.

    Metadata types: u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 bool str, or `arr:` and one of them. Tensor
    types: f32, f16, bf16, q8_0, q4_1, q4_0 from any of them, or a source's own type.
    `progress(done, total, tensor)` counts source bytes, many times a second, from the calling thread;
    an exception it raises cancels and propagates.

    The file gets its name when it is whole: on any error nothing is left and an old `out` is untouched. A
    source that is written to meanwhile is an error; one that shrinks meanwhile ends the process with
    SIGBUS, since sources are mapped, and leaves nothing either.
    """

def write_ggufs(
    files: Sequence[tuple[str | PathLike[str], Sequence[tuple[str, str, Any]], Sequence[TensorPlan]]],
    *,
    threads: int | None = None,
    progress: Callable[[int, int, str], object] | None = None,
    force: bool = False,
) -> WriteSummary:
    """As `write_gguf`, for several files (path, metadata, tensors) in one pass, which appear together."""

def cpu_features() -> str:
    """The processor's architecture and its features that kernels can use, separated by spaces."""

def simd() -> str:
    """The instruction set whose kernels run: scalar, avx2, avx512 or neon.

    It is chosen once, the widest the processor has; T2SQL_SIMD names another. All give the same bytes.
    """

def use_blas(path: str, prefix: str) -> None:
    """Linux only: forward this library's `cblas_sgemm`, dgemm and cgemm to those of the BLAS at `path`.

    There they are named with `prefix` before and take 32-bit integers. To have MLX use them, promote
    this library to the global symbols before `mlx` is imported: `ctypes.CDLL(_core.__file__,
    mode=ctypes.RTLD_GLOBAL)`. Before `use_blas` they compute with plain loops: right, and slow.
    """

def blas_calls() -> int:
    """Linux only: how many calls have come through the three forwarded symbols."""

class LlamaLayer:
    """Linux only: a llama layer with LoRA in float32.

    Arrays are C-contiguous float32. `weights`: input norm and post-attention norm [hidden], then the
    projections q, k, v, o, gate, up, down [outputs, inputs]. `adapters`: for each projection A [inputs,
    rank] and B [rank, outputs], or None twice; `scale` multiplies x A B. `turns`: cos and sin of the
    rotary positions [rows, head_width / 2].

    `blocks`: (row, length, prefix's row, prefix's length) for consecutive rows that attend, causally, to
    themselves and to all rows of a prefix; together they are all rows. Examples that begin alike can so
    share their beginning, and differ in nothing else from examples each on its own.
    """

    def __init__(
        self, *, hidden: int, heads: int, kv_heads: int, head_width: int, ffn: int, eps: float
    ) -> None: ...
    def forward(
        self,
        blocks: Sequence[tuple[int, int, int, int]],
        x: NDArray[np.float32],
        weights: Sequence[NDArray[np.float32]],
        adapters: Sequence[NDArray[np.float32] | None],
        scale: float,
        turns: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """The output for x [rows, hidden], flat; activations are kept for `backward`."""

    def backward(
        self,
        dy: NDArray[np.float32],
        weights: Sequence[NDArray[np.float32]],
        adapters: Sequence[NDArray[np.float32] | None],
        scale: float,
        turns: Sequence[NDArray[np.float32]],
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32] | None]]:
        """Gradients of x and of the adapters, flat, after the `forward` with the same arguments, once."""

def cross_entropy(
    h: NDArray[np.float32], weight: NDArray[np.float32], targets: Sequence[int], *, gradient: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Linux only: the negative log-likelihood of each target under softmax(h weight'), h [rows, width] and
    weight [vocabulary, width]; with `gradient`, that of each row's loss with respect to the row, flat."""

def adamw(
    parameter: NDArray[np.float32],
    gradient: NDArray[np.float32],
    m: NDArray[np.float32],
    v: NDArray[np.float32],
    *,
    rate: float,
    betas: Sequence[float],
    eps: float,
    decay: float,
    step: int,
) -> list[NDArray[np.float32]]:
    """Linux only: a step of AdamW with bias correction, as MLX's; the new parameter, m and v, flat."""
