"""Llama layers and the loss in Rust on the processor: MLX's values and gradients, in fewer passes.

MLX's CPU backend runs everything between the matrix products op by op on one core, each into newly
allocated memory; in a LoRA step that takes longer than the products. `t2sql._core.LlamaLayer` does a
layer's forward and backward whole, with products that use the processor's widest vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from t2sql import _core
from t2sql.runtimes import Array, Module, mlx_lm, mx, nn, policy
from t2sql.train.batches import Span
from t2sql.train.frozen import frozen_weight, is_frozen_matrix


@dataclass(frozen=True)
class Layout:
    """What the rows of a batch are.

    Attributes:
        blocks: Runs of consecutive rows that attend to each other and to a prefix elsewhere in the batch.
        positions: int64 [rows], each row's position in its example, for the rotary embedding.
    """

    blocks: list[_core.AttentionBlock]
    positions: np.ndarray
    _rotary: dict[tuple[float, int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: int, length: int, spans: Sequence[Span] | None) -> Layout:
        """The layout of whole examples [batch, length], or of spans."""
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

    def rotary(self, base: float, half: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and sines, float32 [rows, half], of `nn.RoPE`'s angles for heads of `2 * half` numbers."""
        if (base, half) not in self._rotary:
            frequencies = base ** (-np.arange(half, dtype=np.float64) / half)
            angles = self.positions[:, None] * frequencies
            self._rotary[base, half] = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        return self._rotary[base, half]


class NativeLayers:
    """The layers of a model in Rust. Each is examined at every call, because adapters come and go."""

    def __init__(self, model: Module) -> None:
        """Make no buffers yet."""
        self._model = model
        self._kernels: dict[int, _core.LlamaLayer] = {}
        self._shared: _core.LlamaLayer | None = None

    @classmethod
    def of(cls, model: Module) -> NativeLayers | None:
        """The layers of a model; None where the device's policy has none, and for layers of another kind."""
        # The extension has these layers on Linux only.
        if not policy().rust_layers or not hasattr(_core, "LlamaLayer"):
            return None
        return cls(model) if model.layers and _is_plain(model.layers[0]) else None

    def all(self) -> bool:
        """Whether every layer is, as it is now, of the kind that Rust computes."""
        return all(_is_plain(layer) for layer in self._model.layers)

    def run(self, index: int, h: Array, layout: Layout) -> Array | None:
        """Run a layer.

        Args:
            index: Which layer.
            h: Hidden states [batch, tokens, hidden].
            layout: What their rows are.

        Returns:
            Hidden states of the same shape; None when the layer is not of the kind that Rust computes.
        """
        layer = self._model.layers[index]
        if not _is_plain(layer) or h.dtype != mx.float32:
            return None
        modules = _projections(layer)
        if self._model.training and any(map(_has_adapter, modules.values())):
            kernel = self._kernels.get(index) or _kernel(layer)
            self._kernels[index] = kernel
        else:
            # Nothing is kept for a gradient, so all layers can share one set of buffers.
            kernel = self._shared = self._shared or _kernel(layer)
        return _apply(kernel, layer, modules, h, layout)


def computes(model: Module) -> bool:
    """Whether Rust computes every layer of a model, as it is now, and its head."""
    native = NativeLayers.of(model)
    if native is None or not native.all():
        return False
    return is_frozen_matrix(model.lm_head if "lm_head" in model else model.model.embed_tokens)


def _kernel(layer: Module) -> _core.LlamaLayer:
    """The sizes and buffers of a layer."""
    attention = layer.self_attn
    return _core.LlamaLayer(
        hidden=layer.input_layernorm.weight.size,
        heads=attention.n_heads,
        kv_heads=attention.n_kv_heads,
        head_dim=attention.head_dim,
        intermediate_size=_linear(layer.mlp.gate_proj).weight.shape[0],
        eps=layer.input_layernorm.eps,
    )


def _apply(
    kernel: _core.LlamaLayer,
    layer: Module,
    modules: dict[_core.Projection, Module],
    h: Array,
    layout: Layout,
) -> Array:
    """A layer as a function of MLX, with the gradients that Rust computes."""
    shape = h.shape
    weights = _core.LayerWeights(
        input_norm=np.asarray(layer.input_layernorm.weight),
        post_attention_norm=np.asarray(layer.post_attention_layernorm.weight),
        projections={name: frozen_weight(_linear(module)) for name, module in modules.items()},
    )
    cos, sin = layout.rotary(float(layer.self_attn.rope.base), layer.self_attn.head_dim // 2)
    adapted = {name: module for name, module in modules.items() if _has_adapter(module)}
    lora = [value for module in adapted.values() for value in (module.lora_a, module.lora_b)]
    scale = next((float(module.scale) for module in adapted.values()), 0.0)

    def adapters(values: Sequence[Array]) -> _core.LayerAdapters:
        arrays = [np.asarray(value) for value in values]
        pairs = dict(zip(adapted, zip(arrays[::2], arrays[1::2], strict=True), strict=True))
        return _core.LayerAdapters(scale=scale, projections=pairs)

    @mx.custom_function
    def run(h: Array, *lora: Array) -> Array:
        out = kernel.forward(np.asarray(h), layout.blocks, weights, adapters(lora), cos=cos, sin=sin)
        return mx.array(out.reshape(shape))

    @run.vjp
    def run_vjp(primals: tuple[Array, ...], cotangent: Array, _: Array) -> tuple[Array, ...]:
        lora = primals[1:]
        dx, pairs = kernel.backward(np.asarray(cotangent), weights, adapters(lora), cos=cos, sin=sin)
        gradients = [gradient for name in adapted for gradient in pairs[name]]
        shaped = [mx.array(g.reshape(p.shape)) for g, p in zip(gradients, lora, strict=True)]
        return mx.array(dx.reshape(shape)), *shaped

    return cast(Array, run(h, *lora))


def native_head(head: Module, h: Array) -> bool:
    """Whether `cross_entropy` computes this head: one frozen matrix, for float32 states `h`."""
    if not is_frozen_matrix(head) or "bias" in head or head.trainable_parameters():
        return False
    return bool(h.dtype == mx.float32)


def cross_entropy(h: Array, weight: _core.FrozenWeight, targets: Array, *, training: bool) -> Array:
    """Negative log-likelihood of targets under softmax(h weight').

    Args:
        h: Hidden states, float32 [n, hidden].
        weight: The head's frozen matrix [vocabulary, hidden].
        targets: Token ids [n].
        training: Compute the gradient along with the value, from the same logits.

    Returns:
        Losses [n] in nats.
    """
    target_ids = np.asarray(targets).tolist()
    gradients: list[np.ndarray] = []

    @mx.custom_function
    def losses(h: Array) -> Array:
        value, gradient = _core.cross_entropy(np.ascontiguousarray(h), weight, target_ids, gradient=training)
        gradients[:] = [] if gradient is None else [gradient]
        return mx.array(value)

    @losses.vjp
    def losses_vjp(h: Array, cotangent: Array, _: Array) -> Array:
        return mx.array(gradients[0].reshape(h.shape) * np.asarray(cotangent)[:, None])

    return cast(Array, losses(h))


def _projections(layer: Module) -> dict[_core.Projection, Module]:
    attention, mlp = layer.self_attn, layer.mlp
    return {
        "q": attention.q_proj,
        "k": attention.k_proj,
        "v": attention.v_proj,
        "o": attention.o_proj,
        "gate": mlp.gate_proj,
        "up": mlp.up_proj,
        "down": mlp.down_proj,
    }


def _has_adapter(module: Module) -> bool:
    return "lora_a" in module


def _linear(module: Module) -> Module:
    """The frozen layer, without its adapter."""
    return module.linear if _has_adapter(module) else module


def _is_plain(layer: Module) -> bool:
    """Whether a layer is of the kind that Rust computes.

    That is mlx-lm's llama block with float32 norms, matrices as in `is_frozen_matrix`, without biases and
    with the usual rotary positions; and without an adapter, or with LoRA of one scale and without dropout.
    """
    if type(layer) is not mlx_lm.TransformerBlock or layer.use_sliding:
        return False
    attention, rope = layer.self_attn, layer.self_attn.rope
    if type(rope) is not nn.RoPE or rope.traditional or rope.scale != 1.0:
        return False
    if rope.dims != attention.head_dim or attention.scale != attention.head_dim**-0.5:
        return False
    if any(
        norm.weight.dtype != mx.float32 for norm in (layer.input_layernorm, layer.post_attention_layernorm)
    ):
        return False
    scales = set()
    for module in _projections(layer).values():
        if type(module) is mlx_lm.LoRALinear:
            # MLX's Dropout holds the probability of keeping a value.
            if module.dropout._p_1 != 1.0 or module.lora_a.dtype != mx.float32:
                return False
            scales.add(module.scale)
            module = module.linear
        if "bias" in module or not is_frozen_matrix(module):
            return False
    return len(scales) < 2
