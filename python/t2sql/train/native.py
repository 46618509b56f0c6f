"""Layers and the loss in Rust on the processor: MLX's values and gradients, in fewer passes.

MLX's CPU backend runs everything between the matrix products op by op on one core, each into newly
allocated memory; in a LoRA step that takes longer than the products. `t2sql._core.DecoderLayer` does a
layer's forward and backward whole, with products that use the processor's widest vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import cast

import numpy as np

from t2sql import _core
from t2sql.runtimes import Array, Module, mx, policy
from t2sql.train.anatomy import Anatomy, family_of
from t2sql.train.batches import Span
from t2sql.train.frozen import frozen_weight, is_frozen_matrix
from t2sql.train.layer_parts import FAMILIES, LayerParts, LayerSpec, Rope, Unfit, parts_of


@dataclass(frozen=True)
class Layout:
    """What the rows of a batch are.

    Attributes:
        blocks: Runs of consecutive rows that attend to each other and to a prefix elsewhere in the batch.
        positions: int64 [rows], each row's position in its example, for the rotary embedding.
    """

    blocks: list[_core.AttentionBlock]
    positions: np.ndarray
    _rotary: dict[Rope, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, batch: int, length: int, spans: Sequence[Span] | None, segments: Array | None = None
    ) -> Layout:
        """The layout of whole examples [batch, length], of several in a row, or of spans."""
        if segments is not None:
            flat = np.asarray(segments).reshape(-1)
            is_new = np.ones(flat.size, dtype=bool)
            is_new[1:] = flat[1:] != flat[:-1]
            is_new[::length] = True
            cuts = [*np.flatnonzero(is_new).tolist(), flat.size]
            lengths = np.diff(cuts).tolist()
            blocks = [_core.AttentionBlock(row=r, len=n) for r, n in zip(cuts, lengths, strict=False)]
            return cls(blocks, np.concatenate([np.arange(n) for n in lengths]))
        if spans is None:
            blocks = [_core.AttentionBlock(row=row * length, len=length) for row in range(batch)]
            return cls(blocks, np.tile(np.arange(length), batch))
        starts = np.cumsum([0, *(span.stop - span.start for span in spans)]).tolist()
        blocks = []
        for span, row in zip(spans, starts[:-1], strict=True):
            prefix_row, prefix_len = (0, 0) if span.prefix is None else (starts[span.prefix], span.start)
            block = _core.AttentionBlock(
                row=row, len=span.stop - span.start, prefix_row=prefix_row, prefix_len=prefix_len
            )
            blocks.append(block)
        return cls(blocks, np.concatenate([np.arange(span.start, span.stop) for span in spans]))

    def rotary(self, rope: Rope) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and sines of the rows' angles, times the factor, float32 [rows, pairs of a head]."""
        if rope not in self._rotary:
            angles = self.positions[:, None] * np.array(rope.frequencies)
            cos, sin = rope.factor * np.cos(angles), rope.factor * np.sin(angles)
            self._rotary[rope] = cos.astype(np.float32), sin.astype(np.float32)
        return self._rotary[rope]


class NativeLayers:
    """The layers of a model in Rust. Each is examined at every call, because adapters come and go."""

    def __init__(self, model: Module, anatomy: Anatomy, products: str | None = None) -> None:
        """Make no buffers yet; `products` are the kernels of `frozen_weight`."""
        self._model, self._windows, self._products = model, anatomy.windows, products
        self._kernels: dict[int | LayerSpec, _core.DecoderLayer] = {}

    @classmethod
    def of(cls, model: Module, anatomy: Anatomy, products: str | None = None) -> NativeLayers | None:
        """The layers of a model; None where the device's policy has none, and where Rust knows none."""
        # The extension has these layers on Linux only.
        if not policy().rust_layers or not hasattr(_core, "DecoderLayer") or family_of(model) not in FAMILIES:
            return None
        layers = zip(model.layers, anatomy.windows, strict=True)
        known = any(isinstance(parts_of(layer, window), LayerParts) for layer, window in layers)
        return cls(model, anatomy, products) if known else None

    def all(self) -> bool:
        """Whether every layer is, as it is now, of the kind that Rust computes."""
        return not left_to_mlx(self._model)

    def run(self, index: int, h: Array, layout: Layout) -> Array | None:
        """Run a layer.

        Args:
            index: Which layer.
            h: Hidden states [batch, tokens, hidden].
            layout: What their rows are.

        Returns:
            Hidden states of the same shape; None when the layer is not of the kind that Rust computes.
        """
        parts = parts_of(self._model.layers[index], self._windows[index])
        if isinstance(parts, Unfit) or h.dtype != mx.float32:
            return None
        training = self._model.training
        # Without a gradient nothing is kept, so all layers of a kind can share one set of buffers.
        key = index if training and parts.adapters else parts.spec
        if key not in self._kernels:
            self._kernels[key] = _core.DecoderLayer(**asdict(parts.spec))
        matrices = {name: frozen_weight(m, self._products) for name, m in parts.linears.items()}
        return _apply(self._kernels[key], parts, matrices, h, layout, training=training)


def left_to_mlx(model: Module) -> str:
    """The first layer that Rust does not compute, as it is now, and why; empty where it computes all.

    What the device's policy says is not looked at.
    """
    if family_of(model) not in FAMILIES:
        return f"layer 0: models of {type(model).__module__} are not known to Rust"
    windows = Anatomy.of(model).windows
    for index, (layer, window) in enumerate(zip(model.layers, windows, strict=True)):
        parts = parts_of(layer, window)
        if isinstance(parts, Unfit):
            return f"layer {index}: {parts.reason}"
    return ""


def computes(model: Module) -> bool:
    """Whether Rust computes every layer of a model, as it is now, and its head."""
    native = NativeLayers.of(model, Anatomy.of(model))
    if native is None or not native.all():
        return False
    return is_frozen_matrix(model.lm_head if "lm_head" in model else model.model.embed_tokens)


def _apply(
    kernel: _core.DecoderLayer,
    parts: LayerParts,
    matrices: dict[_core.Projection, _core.FrozenWeight],
    h: Array,
    layout: Layout,
    *,
    training: bool,
) -> Array:
    """A layer as a function of MLX, with the gradients that Rust computes."""
    shape, modules = h.shape, parts.adapters
    weights = _core.LayerWeights(
        norms=parts.norms,
        projections=matrices,
        biases={name: np.asarray(m.bias) for name, m in parts.linears.items() if "bias" in m},
    )
    cos, sin = layout.rotary(parts.rope)
    lora = [value for module in modules.values() for value in (module.lora_a, module.lora_b)]
    # MLX's Dropout holds the probability of keeping a value.
    keep = {name: module.dropout._p_1 if training else 1.0 for name, module in modules.items()}
    # Drawn from the generator that a step seeds, so that a resumed run repeats it.
    seed = draw_seed() if any(kept < 1.0 for kept in keep.values()) else 0

    def adapters(values: Sequence[Array]) -> _core.LayerAdapters:
        arrays = [np.asarray(value) for value in values]
        pairs = zip(modules.items(), arrays[::2], arrays[1::2], strict=True)
        return _core.LayerAdapters(
            {name: (a, b, float(module.scale), keep[name]) for (name, module), a, b in pairs}, seed=seed
        )

    @mx.custom_function
    def run(h: Array, *lora: Array) -> Array:
        out = kernel.forward(np.asarray(h), layout.blocks, weights, adapters(lora), cos=cos, sin=sin)
        return mx.array(out.reshape(shape))

    @run.vjp
    def run_vjp(primals: tuple[Array, ...], cotangent: Array, _: Array) -> tuple[Array, ...]:
        lora = primals[1:]
        dx, pairs = kernel.backward(np.asarray(cotangent), weights, adapters(lora), cos=cos, sin=sin)
        gradients = [gradient for name in modules for gradient in pairs[name]]
        shaped = [mx.array(g.reshape(p.shape)) for g, p in zip(gradients, lora, strict=True)]
        return mx.array(dx.reshape(shape)), *shaped

    return cast(Array, run(h, *lora))


def draw_seed() -> int:
    """A seed for a layer's dropout, of 62 bits, from MLX's generator."""
    high, low = np.asarray(mx.random.randint(0, 2**31 - 1, (2,))).tolist()
    return (int(high) << 31) | int(low)


def native_head(head: Module, h: Array) -> bool:
    """Whether `cross_entropy` computes this head: one frozen matrix, for float32 states `h`."""
    if not is_frozen_matrix(head) or "bias" in head or head.trainable_parameters():
        return False
    return bool(h.dtype == mx.float32)


def cross_entropy(
    h: Array, weight: _core.FrozenWeight, targets: Array, *, training: bool, cap: float | None = None
) -> Array:
    """Negative log-likelihood of targets under softmax(h weight').

    Args:
        h: Hidden states, float32 [n, hidden].
        weight: The head's frozen matrix [vocabulary, hidden].
        targets: Token ids [n].
        training: Compute the gradient along with the value, from the same logits.
        cap: Where logits are capped: x becomes cap * tanh(x / cap).

    Returns:
        Losses [n] in nats.
    """
    target_ids = np.asarray(targets).tolist()
    gradients: list[np.ndarray] = []

    @mx.custom_function
    def losses(h: Array) -> Array:
        value, gradient = _core.cross_entropy(
            np.ascontiguousarray(h), weight, target_ids, gradient=training, cap=cap
        )
        gradients[:] = [] if gradient is None else [gradient]
        return mx.array(value)

    @losses.vjp
    def losses_vjp(h: Array, cotangent: Array, _: Array) -> Array:
        return mx.array(gradients[0].reshape(h.shape) * np.asarray(cotangent)[:, None])

    return cast(Array, losses(h))
