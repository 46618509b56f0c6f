"""A network whose matrices are read from their files while it computes, a few rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from t2sql.gguf import AdaptedTensor, AffineTensor, LowRank, TensorInfo, row_chunks
from t2sql.models import flat, load_network
from t2sql.runtimes import Array, Module, mx, nn, tree_unflatten

_CHUNK = 1 << 22
"""Values of a matrix that are in memory at once, as float32: 16 MB."""

_HALVES = {"f16": mx.float16, "bf16": mx.bfloat16}
"""Types that MLX widens in one pass over the values, NumPy in several."""


def parameter_names(directory: Path, tensors: Mapping[str, TensorInfo]) -> tuple[str, ...]:
    """Which of a directory's tensors its network has as parameters.

    Args:
        directory: The directory.
        tensors: Its tensors by the names in its files; a quantized matrix is one tensor.

    Returns:
        Their names; none where the network has others, as in models whose weights mlx-lm rearranges.

    Raises:
        InputError: The directory does not load.
    """
    network, _ = load_network(directory)
    names = []
    for name, value in flat(network.parameters()).items():
        stem, _, leaf = name.rpartition(".")
        info = tensors.get(f"{stem}.weight" if leaf in ("scales", "biases") else name)
        if info is None or (info.shape != tuple(value.shape) and not isinstance(info, AffineTensor)):
            return ()
        names.append(name)
    return tuple(name for name in names if name in tensors)


def streamed_network(directory: Path, tensors: Mapping[str, TensorInfo]) -> Module:
    """The network of a directory, in float32, with the values of `tensors`.

    Nothing is read but vectors; the matrices of linear layers and embeddings are read at each call. A matrix
    with an adapter computes base and adapter apart, as the adapter was trained, not from their sum.

    Args:
        directory: The directory, for the network's structure.
        tensors: Values of all its parameters, by their names.

    Raises:
        InputError: The directory does not load.
    """
    network, _ = load_network(directory)
    modules: list[tuple[str, Module]] = []
    for name, module in network.named_modules():
        if type(module) in (nn.Linear, nn.QuantizedLinear):
            bias = tensors.get(f"{name}.bias")
            vector = None if bias is None else _vector(bias)
            modules.append((name, StreamedLinear(tensors[f"{name}.weight"], vector)))
        elif type(module) in (nn.Embedding, nn.QuantizedEmbedding):
            modules.append((name, StreamedEmbedding(tensors[f"{name}.weight"])))
    network.update_modules(tree_unflatten(modules))
    rest = [(name, _vector(tensors[name])) for name in flat(network.parameters())]
    network.load_weights(rest)
    network.eval()
    return network


class StreamedLinear(nn.Module):
    """A linear layer whose matrix stays in its file."""

    def __init__(self, weight: TensorInfo, bias: Array | None) -> None:
        """Take the matrix [outputs, inputs] and the bias [outputs]; None for none."""
        super().__init__()  # type: ignore[no-untyped-call] # nn.Module has no types.
        self._weight = weight
        if bias is not None:
            self.bias = bias

    def __call__(self, x: Array) -> Array:
        """`x` [..., inputs] times the matrix, plus the bias: [..., outputs]."""
        y = _times(x, self._weight)
        return y + self.bias if "bias" in self else y


class StreamedEmbedding(nn.Module):
    """An embedding whose matrix stays in its file."""

    def __init__(self, weight: TensorInfo) -> None:
        """Take the matrix [tokens, hidden]."""
        super().__init__()  # type: ignore[no-untyped-call] # nn.Module has no types.
        self._weight = weight

    def __call__(self, ids: Array) -> Array:
        """The rows of token ids [...]: [..., hidden]."""
        indices = np.array(ids).reshape(-1)
        rows = np.concatenate([self._weight.float32(int(i), int(i) + 1) for i in indices])
        return mx.array(rows).reshape(*ids.shape, -1)

    def as_linear(self, x: Array) -> Array:
        """`x` [..., hidden] times the transposed matrix: [..., tokens]."""
        return _times(x, self._weight)


def _vector(info: TensorInfo) -> Array:
    return mx.array(info.float32().reshape(info.shape))


def _times(x: Array, weight: TensorInfo) -> Array:
    """`x` [..., inputs] times the rows of a matrix, to which an adapter contributes as in training."""
    low_rank = weight.low_rank if isinstance(weight, AdaptedTensor) else None
    parts, norms = [], []
    for start, stop in row_chunks(weight, _CHUNK):
        rows = _rows(weight, start, stop)
        parts.append(x @ rows.T)
        if low_rank is not None and low_rank.magnitudes is not None:
            left = mx.array(low_rank.left.float32(start, stop))
            summed = rows + (low_rank.scale * left) @ mx.array(low_rank.right.float32())
            norms.append(mx.linalg.norm(summed, axis=1))
        # Otherwise the graph holds all rows until its end.
        mx.eval(parts[-1], *norms[-1:])
    y = mx.concatenate(parts, axis=-1)
    return y if low_rank is None else _with_adapter(x, y, low_rank, norms)


def _with_adapter(x: Array, y: Array, low_rank: LowRank, norms: list[Array]) -> Array:
    left, right = mx.array(low_rank.left.float32()), mx.array(low_rank.right.float32())
    y = y + low_rank.scale * ((x @ right.T) @ left.T)
    if low_rank.magnitudes is not None:
        y = y * (_vector(low_rank.magnitudes) / mx.concatenate(norms))
    mx.eval(y)
    return y


def _rows(weight: TensorInfo, start: int, stop: int) -> Array:
    """Rows of a matrix as float32, without what an adapter adds."""
    if isinstance(weight, AdaptedTensor) and weight.bits is None:
        return _rows(weight.base, start, stop)
    if isinstance(weight, AdaptedTensor):
        return mx.array(weight.unchanged(start, stop))
    if weight.type in _HALVES:
        bits = weight.raw().view(np.uint16).reshape(weight.rows, -1)[start:stop]
        return mx.array(bits).view(_HALVES[weight.type]).astype(mx.float32)
    if not isinstance(weight, AffineTensor):
        return mx.array(weight.float32(start, stop))
    codes = weight.raw().view(np.uint32).reshape(weight.rows, -1)[start:stop]
    scales, biases = (mx.array(part.float32(start, stop)) for part in (weight.scales, weight.biases))
    return mx.dequantize(mx.array(codes), scales, biases, group_size=weight.group_size, bits=weight.bits)
