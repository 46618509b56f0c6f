"""The Rust core: safetensors and GGUF headers, block quantization, the pass to a GGUF, LoRA training.

Every function and constructor raises `t2sql.errors.InputError` when an argument or an input file is wrong.
Functions on files and arrays release the GIL while they work; those that quantize, dequantize or write files
also raise `KeyboardInterrupt` within 200 ms of Ctrl-C and leave no half-written file.
"""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, final

import numpy as np
from numpy.typing import NDArray

__version__: str

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
class TensorPlan:
    """One tensor to write.

    Args:
        name: Its name in the GGUF.
        path: The safetensors or GGUF file that it comes from.
        source: Its name in that file.
        shape: The shape that it must have there, row-major; with `affine` that of the decoded matrix.
        dtype: The type to write, as ggml names it: f32, f16, bf16, q8_0, q4_1, q4_0, or the source's own
            type.
        permute_heads: Reorders the rows of llama's q and k from Hugging Face's rotary layout to GGUF's, for
            this number of heads; 0 keeps the order.
        add: Added to every element in float32.
        affine: Set when `source` is the codes of a matrix that MLX quantized.

    Raises:
        InputError: There is no such type.
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
    ) -> None: ...
    @property
    def name(self) -> str:
        """Its name in the GGUF."""

    @property
    def dtype(self) -> str:
        """The type to write, as ggml names it."""

    @property
    def shape(self) -> list[int]:
        """Its shape, row-major."""

    @property
    def nbytes(self) -> int:
        """Bytes of its data in the GGUF.

        Raises:
            InputError: The shape is not whole blocks of the type.
        """

class WriteSummary(TypedDict):
    """What was written: bytes and tensors of all files, seconds, and how many tensors have each type."""

    bytes: int
    tensors: int
    seconds: float
    types: dict[str, int]

def quantize_rows(
    x: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16],
    block_format: str,
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Quantize rows, bit for bit as ggml's reference functions do.

    Args:
        x: C-contiguous `[rows, n]` of float32, float16, or the bits of bfloat16 as uint16 (NumPy has no
            bfloat16); n is a multiple of 32. It is not copied.
        block_format: q8_0, q4_1 or q4_0.
        threads: How many threads work; None for one on each core.

    Returns:
        The blocks, `[rows, n / 32 * bytes of a block]`. A block with a NaN or an infinity has a NaN scale and
        codes of zero.
    """

def dequantize_rows(
    q: NDArray[np.uint8], block_format: str, threads: int | None = None
) -> NDArray[np.float32]:
    """Dequantize rows of blocks: the inverse of `quantize_rows`.

    Args:
        q: C-contiguous blocks, `[rows, blocks * bytes of a block]`.
        block_format: q8_0, q4_1 or q4_0.
        threads: How many threads work; None for one on each core.

    Returns:
        The values, `[rows, blocks * 32]`.
    """

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

def cpu_features() -> str:
    """The processor's architecture and its features that kernels can use, separated by spaces."""

def simd() -> str:
    """The instruction set whose kernels run: scalar, avx2, avx512 or neon.

    It is chosen once: the widest that the processor has, or the one that the environment variable T2SQL_SIMD
    names. All give the same bytes.

    Raises:
        InputError: T2SQL_SIMD names a set that does not exist or that the processor lacks.
    """

def use_blas(path: str, prefix: str) -> None:
    """Linux only: forward this library's `cblas_sgemm`, `cblas_dgemm` and `cblas_cgemm` to a BLAS.

    To have MLX use them, promote this library to the global symbols before `mlx` is imported:
    `ctypes.CDLL(_core.__file__, mode=ctypes.RTLD_GLOBAL)`. Before `use_blas` they compute with plain loops:
    correct, and slow.

    Args:
        path: The BLAS library, whose integers have 32 bits.
        prefix: What its names have before those of CBLAS.

    Raises:
        InputError: The library cannot be loaded, or lacks one of the functions.
    """

def blas_calls() -> int:
    """Linux only: how many calls have come through the three forwarded symbols."""

Projection = Literal["q", "k", "v", "qkv", "o", "gate", "up", "gate_up", "down"]
Norm = Literal["input", "q", "k", "attention_output", "feed_forward", "feed_forward_output"]
Activation = Literal["silu", "gelu_tanh"]
RotaryPairs = Literal["halves", "neighbours"]

@final
class AttentionBlock:
    """Linux only: consecutive rows that attend, causally, to themselves and to all rows of a prefix.

    A block is one example, or the rest of an example after a prefix that several examples share.

    Args:
        row: Its first row.
        len: How many rows it has.
        prefix_row: The first row of the prefix.
        prefix_len: How many rows the prefix has; 0 without one.
    """

    def __init__(self, *, row: int, len: int, prefix_row: int = 0, prefix_len: int = 0) -> None: ...

def product_kernels() -> list[tuple[str, bool]]:
    """Linux only: the kernels that can multiply by frozen matrices here, and whether in bfloat16."""

def kernel_speeds() -> list[tuple[str, bool, float]]:
    """Linux only: measure, once for the process, the kernels that may be chosen.

    Returns:
        Their names, whether they multiply in bfloat16, and thousands of millions of operations a second.
        The first are those of float32.

    Raises:
        InputError: `T2SQL_SIMD` names kernels that are not there.
    """

def amx_refused() -> bool:
    """Linux only: whether the processor has AMX and the system refuses to lend it to this process."""

def fastest_bf16_kernels() -> str | None:
    """Linux only: the fastest kernels in bfloat16, if they are worth their roundings here.

    Raises:
        InputError: `T2SQL_SIMD` names kernels that are not there.
    """

@final
class FrozenWeight:
    """Linux only: a matrix `[outputs, inputs]` that is not trained, in C-contiguous arrays, not copied.

    Args:
        values: float32, the bits of bfloat16 as uint16, or MLX's affine codes as uint32
            `[outputs, inputs * bits / 32]`.
        scales: With codes: float32, float16, or the bits of bfloat16 as uint16,
            `[outputs, inputs / group_size]`.
        biases: With codes: as `scales`.
        bits: With codes: 4 or 8.
        group_size: With codes: values that share a scale and a bias, a multiple of 32.
        kernels: What multiplies, one of `product_kernels()`: by default the crate `gemm` for float32 and the
            widest float32 vectors for the others.

    Raises:
        InputError: An array is of another type or layout, or there are no such kernels here.
    """

    def __init__(
        self,
        values: NDArray[np.float32] | NDArray[np.uint16] | NDArray[np.uint32],
        *,
        scales: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16] | None = None,
        biases: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16] | None = None,
        bits: int = 0,
        group_size: int = 0,
        kernels: str | None = None,
    ) -> None: ...

@final
class LayerWeights:
    """Linux only: the frozen weights of a layer, C-contiguous arrays that are not copied.

    Args:
        norms: The factors of its RMS norms: `input` and `feed_forward`, before the two halves of the layer;
            `attention_output` and `feed_forward_output`, before the halves' results are added to the hidden
            state, in some families; `q` and `k`, on each head of `[head_dim]`, in some. `[hidden]` otherwise.
        projections: The matrices, `[outputs, inputs]`: q, k and v, or the fused qkv; o; gate and up, or the
            fused gate_up; down. A float32 array is multiplied by the crate `gemm`.
        biases: Their biases `[outputs]`, where there are any.

    Raises:
        InputError: A projection or norm is missing, unknown or there twice, or an array is of another type or
            layout.
    """

    def __init__(
        self,
        *,
        norms: Mapping[Norm, NDArray[np.float32]],
        projections: Mapping[Projection, FrozenWeight | NDArray[np.float32]],
        biases: Mapping[Projection, NDArray[np.float32]],
    ) -> None: ...

@final
class LayerAdapters:
    """Linux only: a layer's LoRA adapters, which add `scale * (dropout(x) A) B` to a projection's output.

    Args:
        projections: Of each projection that has an adapter: A `[inputs, rank]` and B `[rank, outputs]`,
            C-contiguous float32 arrays that are not copied, the scale, and the probability of keeping a
            number of x, above 0 and at most 1.
        seed: What follows from it and a number's index is dropped.

    Raises:
        InputError: A projection is unknown, an array is of another type or layout, or a probability is none.
    """

    def __init__(
        self,
        projections: dict[Projection, tuple[NDArray[np.float32], NDArray[np.float32], float, float]],
        *,
        seed: int = 0,
    ) -> None: ...

def dropout_factors(projection: Projection, len: int, *, seed: int, keep: float) -> NDArray[np.float32]:
    """Linux only: what a projection's dropout multiplies the first `len` numbers of its input by.

    Args:
        projection: The projection.
        len: How many.
        seed: As for `LayerAdapters`.
        keep: The probability of keeping a number.

    Returns:
        0 or 1 / keep for each, `[len]`.

    Raises:
        InputError: There is no such projection.
    """

@final
class DecoderLayer:
    """Linux only: a transformer layer with LoRA in float32, forward and backward on the CPU.

    All arrays are C-contiguous. Which norms, biases and fused matrices the layer has follows from its
    weights.

    Args:
        hidden: Width of a hidden state.
        heads: Attention heads.
        kv_heads: Heads of keys and values.
        head_dim: Width of a head.
        intermediate_size: Width of the feed-forward network.
        eps: Added to the mean square in all norms.
        activation: What the gate goes through before it multiplies `up`.
        attention_scale: What the products of queries and keys are multiplied by; by default
            1 / sqrt(head_dim).
        score_cap: Where attention scores are capped: s becomes cap * tanh(s / cap).
        window: How many positions a query attends to, its own included; by default all before it.
        rotary_dims: How many numbers of each head are rotated, the first ones; by default all.
        rotary_pairs: Which numbers are rotated together: i and i + half, or 2 i and 2 i + 1.

    Raises:
        InputError: Sizes that do not fit each other, or an unknown activation.
    """

    def __init__(
        self,
        *,
        hidden: int,
        heads: int,
        kv_heads: int,
        head_dim: int,
        intermediate_size: int,
        eps: float,
        activation: Activation = "silu",
        attention_scale: float | None = None,
        score_cap: float | None = None,
        window: int | None = None,
        rotary_dims: int | None = None,
        rotary_pairs: RotaryPairs = "halves",
    ) -> None: ...
    def forward(
        self,
        x: NDArray[np.float32],
        blocks: Sequence[AttentionBlock],
        weights: LayerWeights,
        adapters: LayerAdapters,
        *,
        cos: NDArray[np.float32],
        sin: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Compute the layer's output and store the activations for `backward`.

        Args:
            x: Hidden states `[rows, hidden]`.
            blocks: Which rows attend to which. They follow each other over all rows; prefixes lie within the
                rows.
            weights: The frozen weights.
            adapters: The LoRA adapters.
            cos: Cosines of the rows' rotary angles, `[rows, rotary_dims / 2]`.
            sin: Their sines.

        Returns:
            The output, `[rows * hidden]`.
        """

    def backward(
        self,
        dy: NDArray[np.float32],
        weights: LayerWeights,
        adapters: LayerAdapters,
        *,
        cos: NDArray[np.float32],
        sin: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], dict[Projection, tuple[NDArray[np.float32], NDArray[np.float32]]]]:
        """Compute gradients from that of the output, once after a `forward` with the same arguments.

        Args:
            dy: The output's gradient, `[rows, hidden]`.
            weights: As for `forward`.
            adapters: As for `forward`.
            cos: As for `forward`.
            sin: As for `forward`.

        Returns:
            The gradient of x, `[rows * hidden]`, and those of A `[inputs * rank]` and B `[rank * outputs]` of
            each projection that has an adapter.
        """

def cross_entropy(
    h: NDArray[np.float32],
    weight: FrozenWeight | NDArray[np.float32],
    targets: Sequence[int],
    *,
    gradient: bool,
    cap: float | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Linux only: compute the negative log-likelihood (in nats) of each target under softmax(h weight').

    Args:
        h: Hidden states, C-contiguous `[rows, hidden]`.
        weight: C-contiguous `[vocabulary, hidden]`.
        targets: One token id for each row.
        gradient: Whether to compute the gradient of each row's loss with respect to the row, too.
        cap: Where logits are capped: x becomes cap * tanh(x / cap).

    Returns:
        The losses `[rows]`, and the gradient `[rows * hidden]` or None.
    """

@final
class AdamW:
    """Linux only: one step of AdamW with bias correction, as MLX's optimizer computes it.

    Args:
        learning_rate: How far the step moves a parameter.
        betas: Decay rates of the first and the second moment.
        eps: Added to the root of the second moment.
        weight_decay: The fraction of a parameter that is subtracted from it, times the learning rate.
        step: Which step it is, counted from 1.
    """

    def __init__(
        self,
        *,
        learning_rate: float,
        betas: Sequence[float],
        eps: float,
        weight_decay: float,
        step: int,
    ) -> None: ...
    def apply(
        self,
        arrays: Sequence[
            tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
        ],
        scale: float,
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
        """Update parameters, on all cores.

        Args:
            arrays: Each parameter, its gradient, first and second moment, C-contiguous and of one size.
            scale: What the gradients are multiplied by first.

        Returns:
            Each new parameter, first and second moment, flat.
        """

def gradient_norm(arrays: Sequence[NDArray[np.float32]]) -> float:
    """Linux only: the Euclidean norm of all arrays together, which are C-contiguous."""
