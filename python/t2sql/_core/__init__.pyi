"""The Rust core: safetensors and GGUF headers, block quantization, the pass to a GGUF, LoRA training.

Every function and constructor raises `t2sql.errors.InputError` when an argument or an input file is wrong.
Functions on files and arrays release the GIL while they work; those that quantize, dequantize or write files
also raise `KeyboardInterrupt` within 200 ms of Ctrl-C and leave no half-written file.
"""

import numpy as np
from numpy.typing import NDArray

from .files import AffineSource as AffineSource
from .files import GgufHeader as GgufHeader
from .files import GgufTensor as GgufTensor
from .files import LowRankSource as LowRankSource
from .files import MetadataArray as MetadataArray
from .files import SafetensorsHeader as SafetensorsHeader
from .files import SafetensorsTensor as SafetensorsTensor
from .files import TensorPlan as TensorPlan
from .files import WriteSummary as WriteSummary
from .files import read_gguf as read_gguf
from .files import read_safetensors as read_safetensors
from .files import write_gguf as write_gguf
from .files import write_ggufs as write_ggufs
from .files import write_safetensors as write_safetensors
from .training import Activation as Activation
from .training import AdamW as AdamW
from .training import AttentionBlock as AttentionBlock
from .training import DecoderLayer as DecoderLayer
from .training import FrozenWeight as FrozenWeight
from .training import LayerAdapters as LayerAdapters
from .training import LayerWeights as LayerWeights
from .training import Norm as Norm
from .training import Projection as Projection
from .training import RotaryPairs as RotaryPairs
from .training import amx_refused as amx_refused
from .training import cross_entropy as cross_entropy
from .training import dropout_factors as dropout_factors
from .training import fastest_bf16_kernels as fastest_bf16_kernels
from .training import gradient_norm as gradient_norm
from .training import kernel_speeds as kernel_speeds
from .training import product_kernels as product_kernels

__version__: str

def quantize_rows(
    x: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16],
    block_format: str,
    threads: int | None = None,
    weights: NDArray[np.float32] | None = None,
    rounding: str = "reference",
) -> NDArray[np.uint8]:
    """Quantize rows, bit for bit as ggml's reference functions do.

    Args:
        x: C-contiguous `[rows, n]` of float32, float16, or the bits of bfloat16 as uint16 (NumPy has no
            bfloat16); n is a multiple of 32, for q4_K, q5_K and q6_K of 256. It is not copied.
        block_format: q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0, in either case.
        threads: How many threads work; None for one on each core.
        weights: What a squared error costs in each column, `[1, n]`, finite and not negative, for float32
            rows; None is ggml's rounding without an importance matrix.
        rounding: "reference" or "fitted".

    Returns:
        The blocks, `[rows, blocks * bytes of a block]`. A block with a NaN or an infinity has a NaN scale and
        codes of zero.
    """

def dequantize_rows(
    q: NDArray[np.uint8], block_format: str, threads: int | None = None
) -> NDArray[np.float32]:
    """Dequantize rows of blocks: the inverse of `quantize_rows`.

    Args:
        q: C-contiguous blocks, `[rows, blocks * bytes of a block]`.
        block_format: q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0, in either case.
        threads: How many threads work; None for one on each core.

    Returns:
        The values, `[rows, blocks * values of a block]`.
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
