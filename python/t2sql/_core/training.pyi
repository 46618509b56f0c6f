"""Layers, loss and optimizer of LoRA training on the CPU."""

from collections.abc import Mapping, Sequence
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

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
        values: float32, float16, the bits of bfloat16 as uint16, or MLX's affine codes as uint32
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
        values: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16] | NDArray[np.uint32],
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
