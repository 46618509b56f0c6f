"""A model run layer by layer on many sequences, so that one layer's weights are in memory at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from t2sql import models
from t2sql.runtimes import Array, Module, mx, nn, tree_map, tree_unflatten
from t2sql.train import Anatomy, fast_exponentials

Float64s: TypeAlias = NDArray[np.float64]
Reduce: TypeAlias = Callable[[Array], Array]
"""Statistics of a matrix's inputs [tokens, columns], which are added up over batches."""

_BATCH_TOKENS = 2048
"""Tokens that are computed at once."""


@dataclass(frozen=True)
class LayerInputs:
    """The statistics of a layer's matrices.

    Attributes:
        matrices: The matrices, nn.Linear, by their paths in the model, such as "layers.0.self_attn.q_proj".
            The matrix that makes logits is "head", in a value of its own at the end; of one that is the
            embedding there is no nn.Linear.
        sums: What `Reduce` gave, added up over all tokens, by the same paths.
        tokens: The tokens that they are of.
    """

    matrices: dict[str, Module]
    sums: dict[str, Float64s]
    tokens: int


class _Recorder(nn.Module):
    """A matrix that notes statistics of what it is multiplied with."""

    def __init__(self, inner: Module, reduce: _SharedReduce) -> None:
        # nn.Module has no types.
        super().__init__()  # type: ignore[no-untyped-call]
        self.inner = inner
        self._reduce = reduce
        self.noted: Array | None = None

    def __call__(self, x: Array) -> Array:
        self.noted = self._reduce(x)
        result: Array = self.inner(x)
        return result


class _SharedReduce:
    """Statistics of [batch, tokens, columns], computed once for all matrices that get the same array."""

    def __init__(self, reduce: Reduce) -> None:
        self._reduce = reduce
        self._last: tuple[Array, Array] | None = None

    def __call__(self, x: Array) -> Array:
        if self._last is None or self._last[0] is not x:
            self._last = x, self._reduce(x.reshape(-1, x.shape[-1]))
        return self._last[1]


def layer_inputs(
    path: Path,
    sequences: Sequence[Sequence[int]],
    reduce: Reduce,
    *,
    head: bool = False,
    revise: bool = False,
    progress: Callable[[int, int], None],
) -> Iterator[LayerInputs]:
    """Statistics of the inputs of every matrix of a model, layer by layer.

    Weights and activations are float32. In memory are a layer, the embedding while it is looked up, and the
    hidden states of all sequences.

    Args:
        path: The model's Hugging Face directory, of a family that t2sql converts.
        sequences: Token ids; each sequence is run by itself.
        reduce: The statistics.
        head: Whether to give those of the matrix that makes logits too.
        revise: Whether the caller changes a layer's matrices once it has their statistics: then the next
            layer gets what the changed ones make, which takes a second run of each layer.
        progress: Called with the layers that are done, and all.

    Raises:
        InputError: The model cannot be read.
    """
    network = _lazy_network(path)
    anatomy = Anatomy.of(network)
    states = [anatomy.embedded(network.model.embed_tokens(mx.array(batch))) for batch in _batches(sequences)]
    mx.eval(states)
    if "lm_head" in network or not head:
        _release(network.model.embed_tokens)
    tokens = sum(map(len, sequences))

    def run(index: int, h: Array) -> Array:
        with fast_exponentials(network):
            out: Array = network.layers[index](h, anatomy.mask(h, anatomy.windows[index]), cache=None)
        return out

    for index, layer in enumerate(network.layers):
        named = layer.named_modules()
        matrices: dict[str, Module] = {name: module for name, module in named if type(module) is nn.Linear}
        shared = _SharedReduce(reduce)
        recorders = {name: _Recorder(module, shared) for name, module in matrices.items()}
        layer.update_modules(tree_unflatten(list(recorders.items())))
        sums: dict[str, Float64s | float] = dict.fromkeys(recorders, 0.0)
        for number, h in enumerate(states):
            out = run(index, h)
            mx.eval(out, [recorder.noted for recorder in recorders.values()])
            for name, recorder in recorders.items():
                sums[name] = sums[name] + np.array(recorder.noted).astype(np.float64)
            if not revise:
                states[number] = out
        layer.update_modules(tree_unflatten(list(matrices.items())))
        yield LayerInputs(
            {f"layers.{index}.{name}": module for name, module in matrices.items()},
            {f"layers.{index}.{name}": np.asarray(total) for name, total in sums.items()},
            tokens,
        )
        for number, h in enumerate(states if revise else ()):
            states[number] = run(index, h)
            mx.eval(states[number])
        _release(layer)
        progress(index + 1, len(network.layers))
    if head:
        parts = (reduce(network.model.norm(h).reshape(-1, h.shape[-1])) for h in states)
        total = sum(np.array(part).astype(np.float64) for part in parts)
        output = {"head": network.lm_head} if "lm_head" in network else {}
        yield LayerInputs(output, {"head": np.asarray(total)}, tokens)


def _lazy_network(path: Path) -> Module:
    """mlx-lm's model in float32, each array of which is read when it is first computed with."""
    network, config = models.load_network(path)
    if config.get("quantization"):
        network = models.dequantize(network, mx.float32)
    network.set_dtype(mx.float32)
    network.eval()
    return network


def _batches(sequences: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Sequences of the same length together, as many as are computed at once."""
    by_length: dict[int, list[Sequence[int]]] = defaultdict(list)
    for sequence in sequences:
        by_length[len(sequence)].append(sequence)
    for length, alike in sorted(by_length.items()):
        count = max(1, _BATCH_TOKENS // length)
        for start in range(0, len(alike), count):
            yield alike[start : start + count]


def _release(module: Module) -> None:
    """Drop a module's arrays, which nothing computes with any more."""
    module.update(tree_map(lambda _: mx.zeros(0), module.parameters()))
    mx.clear_cache()
