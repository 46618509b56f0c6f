"""What an adapter changes in a model's tensors, checked to fit the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from t2sql import _core
from t2sql.adapters import AdapterConfig
from t2sql.errors import InputError, WorkError
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tensors import FloatArray, TensorInfo

EMBEDDINGS = ("embed_tokens", "wte", "tok_embeddings")
"""Last parts of the names of token embeddings, whose adapters have A at the rows."""


@dataclass(frozen=True)
class Factor:
    """One matrix of a low-rank product.

    Attributes:
        info: Where it is.
        transposed: Whether the file has its columns as rows.
    """

    info: TensorInfo
    transposed: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns) of the matrix itself."""
        return self.info.shape[::-1] if self.transposed else self.info.shape

    def float32(self, start: int = 0, stop: int | None = None) -> FloatArray:
        """Rows `start` to `stop` of the matrix."""
        if not self.transposed:
            return self.info.float32(start, stop)
        return np.ascontiguousarray(self.info.float32()[:, start:stop].T)


@dataclass(frozen=True)
class LowRank:
    """What a module's weight [rows, columns] gains: `scale * left @ right`.

    Attributes:
        module: The module's name in the model, such as "model.layers.3.self_attn.q_proj".
        scale: The factor of the product.
        left: [rows, rank]: B of a linear layer, A of an embedding.
        right: [rank, columns]: A of a linear layer, B of an embedding.
        magnitudes: DoRA's [rows]: the norms that the rows of the sum get. None for LoRA.
    """

    module: str
    scale: float
    left: Factor
    right: Factor
    magnitudes: TensorInfo | None = None

    @property
    def rank(self) -> int:
        """The inner width."""
        return self.left.shape[1]

    @property
    def is_embedding(self) -> bool:
        """Whether the module is a token embedding."""
        return self.module.rpartition(".")[2] in EMBEDDINGS

    def core_source(self) -> _core.LowRankSource:
        """The product as the Rust core takes it."""
        left, right, magnitudes = self.left, self.right, self.magnitudes
        return _core.LowRankSource(
            left=(left.info.path, left.info.name),
            right=(right.info.path, right.info.name),
            rank=self.rank,
            scale=self.scale,
            left_transposed=left.transposed,
            right_transposed=right.transposed,
            magnitudes=None if magnitudes is None else (magnitudes.path, magnitudes.name),
        )


@dataclass(frozen=True)
class AdapterChanges:
    """An adapter as a set of changes of a model's tensors.

    Attributes:
        low_rank: Module -> what its weight gains.
        whole: Tensor -> what takes its place: a full fine-tune's tensors, and embeddings, heads and norms
            that were trained whole.
        base_bits: The bits that the base was quantized to for training, in groups of `GROUP_SIZE`; None when
            it was not.
    """

    low_rank: Mapping[str, LowRank]
    whole: Mapping[str, TensorInfo]
    base_bits: int | None = None

    def check_effect(self, adapter: Path) -> None:
        """Refuse an adapter whose products are all zero and that replaces nothing.

        Raises:
            WorkError: It is one.
        """
        # The matrix that training begins with zeros is read first.
        zero = (
            low_rank.magnitudes is None and not any(f.info.float32().any() for f in _zero_first(low_rank))
            for low_rank in self.low_rank.values()
        )
        if not self.whole and all(zero):
            raise WorkError("the adapter has no effect", where=adapter, found="nothing but zeros in every B")


def _zero_first(low_rank: LowRank) -> Iterable[Factor]:
    yield low_rank.right if low_rank.is_embedding else low_rank.left


GROUP_SIZE = 64
"""Weights that share a scale and a bias where QLoRA quantizes the base, as in `models.quantize_base`."""


def other_model(adapter: Path, directory: HfDirectory, module: str) -> InputError:
    """The error for a module that a model lacks."""
    return InputError(
        "the adapter belongs to another model",
        where=adapter,
        expected=f"modules of {directory.path}",
        found=module,
    )


def checked_low_rank(
    adapter: Path, directory: HfDirectory, low_rank: LowRank, rank: int, hint: str
) -> LowRank:
    """A module's matrices, checked to fit its weight.

    Args:
        adapter: The adapter's directory, for errors.
        directory: The model.
        low_rank: The matrices.
        rank: The rank that adapter_config.json states for the module.
        hint: What to do where a shape does not fit.

    Raises:
        InputError: The model has no such module, or a matrix has another shape.
    """
    weight = directory.tensors.get(f"{low_rank.module}.weight")
    if weight is None or len(weight.shape) != 2:
        raise other_model(adapter, directory, low_rank.module)
    rows, columns = weight.shape
    wanted = [(low_rank.left, (rows, rank)), (low_rank.right, (rank, columns))]
    # In the order of the names, A before B.
    for factor, shape in wanted if low_rank.is_embedding else wanted[::-1]:
        stored = shape[::-1] if factor.transposed else shape
        check_shape(adapter, factor.info, stored, hint)
    if low_rank.magnitudes is not None:
        check_shape(adapter, low_rank.magnitudes, (rows,), hint)
    return low_rank


def check_shape(adapter: Path, info: TensorInfo, shape: tuple[int, ...], hint: str) -> None:
    """Refuse an adapter's tensor of another shape or of no float type.

    Raises:
        InputError: It is one.
    """
    if info.shape != shape or info.type not in ("f32", "f16", "bf16"):
        raise InputError(
            "the adapter does not fit the model",
            where=f"{adapter}: {info.name}",
            expected=f"shape {list(shape)}",
            found=list(info.shape) if info.shape != shape else info.type,
            hint=hint,
        )


def check_whole(adapter: Path, directory: HfDirectory, name: str, info: TensorInfo) -> None:
    """Refuse a whole tensor that the model lacks or has in another shape.

    Raises:
        InputError: It is one.
    """
    base = directory.tensors.get(name)
    if base is None:
        raise other_model(adapter, directory, name)
    check_shape(adapter, info, base.shape, "Another model")


def check_complete(adapter: Path, expected: Iterable[str], present: Iterable[str]) -> None:
    """Compare the modules that an adapter's settings name with those that it has matrices of.

    Raises:
        InputError: They differ.
    """
    expected, present = set(expected), set(present)
    if expected - present:
        raise InputError(
            "a tensor of the adapter is missing",
            where=adapter,
            expected=f"matrices of {min(expected - present)}",
        )
    if present - expected:
        raise InputError(
            "the adapter's settings do not name one of its modules",
            where=adapter,
            expected="only modules that adapter_config.json names",
            found=min(present - expected),
        )


def stated_layers(config: AdapterConfig, layers: int) -> range:
    """The layers that an adapter in mlx-lm's format says to have."""
    count = config.num_layers if config.num_layers > 0 else layers
    return range(max(0, layers - count), layers)
