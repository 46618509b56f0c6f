"""Llama layers and the loss in Rust on the CPU device: MLX's values and gradients, in fewer passes.

MLX's CPU backend runs everything between the matrix products op by op on one core, each into newly
allocated memory; in a LoRA step that takes longer than the products. `t2sql._core.LlamaLayer` does a
layer's forward and backward whole, with products that use the processor's widest vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from t2sql import _core
from t2sql.runtimes import device, mx, nn
from t2sql.train.batches import Span


@dataclass(frozen=True)
class Layout:
    """What the rows of a batch are: blocks (row, length, prefix's row, prefix's length), and each row's
    rotary position."""

    blocks: list[_core.AttentionBlock]
    positions: np.ndarray

    @classmethod
    def of(cls, batch: int, length: int, spans: Sequence[Span] | None) -> Layout:
        """Of whole examples [batch, length], or of spans."""
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

    def turns(self, base: float, half: int) -> tuple[np.ndarray, np.ndarray]:
        """cos and sin [rows, half], as `nn.RoPE` turns the halves of a head."""
        if (base, half) not in self._turns:
            rates = base ** (-np.arange(half, dtype=np.float64) / half)
            angles = self.positions[:, None] * rates
            self._turns[base, half] = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        return self._turns[base, half]

    _turns: dict[tuple[float, int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


class NativeLayers:
    """The layers of a model in Rust, each looked at anew at every call: adapters come and go."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kernels: dict[int, Any] = {}
        self._shared: Any = None

    @classmethod
    def of(cls, model: Any) -> NativeLayers | None:
        """For the CPU device, where the extension has such layers; None elsewhere."""
        if device() != "cpu" or not hasattr(_core, "LlamaLayer"):
            return None
        return cls(model) if model.layers and _is_plain(model.layers[0]) else None

    def all(self) -> bool:
        """Whether every layer is of the known kind, as the model is now."""
        return all(_is_plain(layer) for layer in self._model.layers)

    def run(self, at: int, h: Any, layout: Layout) -> Any | None:
        """Layer `at` on hidden states [batch, length, hidden]; None when it is not of the known kind."""
        layer = self._model.layers[at]
        if not _is_plain(layer) or h.dtype != mx.float32:
            return None
        modules = _projections(layer)
        if self._model.training and any(hasattr(module, "lora_a") for module in modules.values()):
            kernel = self._kernels.setdefault(at, None) or _kernel(layer)
            self._kernels[at] = kernel
        else:
            # Nothing is kept for a gradient: one set of buffers does for all layers.
            kernel = self._shared = self._shared or _kernel(layer)
        return _apply(kernel, layer, modules, h, layout)


def _kernel(layer: Any) -> Any:
    """Sizes and buffers of a layer."""
    attention = layer.self_attn
    return _core.LlamaLayer(
        hidden=layer.input_layernorm.weight.size,
        heads=attention.n_heads,
        kv_heads=attention.n_kv_heads,
        head_dim=attention.head_dim,
        intermediate_size=_linear(layer.mlp.gate_proj).weight.shape[0],
        eps=layer.input_layernorm.eps,
    )


def _apply(kernel: Any, layer: Any, modules: dict[_core.Projection, Any], h: Any, layout: Layout) -> Any:
    shape = h.shape
    weights = _core.LayerWeights(
        input_norm=np.asarray(layer.input_layernorm.weight),
        post_attention_norm=np.asarray(layer.post_attention_layernorm.weight),
        projections={name: np.asarray(_linear(module).weight) for name, module in modules.items()},
    )
    cos, sin = layout.turns(float(layer.self_attn.rope.base), layer.self_attn.head_dim // 2)
    adapted = {name: module for name, module in modules.items() if hasattr(module, "lora_a")}
    lora = [value for module in adapted.values() for value in (module.lora_a, module.lora_b)]
    scale = next((float(module.scale) for module in adapted.values()), 0.0)

    def adapters(values: Sequence[Any]) -> _core.LayerAdapters:
        arrays = [np.asarray(value) for value in values]
        pairs = dict(zip(adapted, zip(arrays[::2], arrays[1::2], strict=True), strict=True))
        return _core.LayerAdapters(scale=scale, projections=pairs)

    @mx.custom_function
    def run(h: Any, *lora: Any) -> Any:
        out = kernel.forward(np.asarray(h), layout.blocks, weights, adapters(lora), cos=cos, sin=sin)
        return mx.array(out.reshape(shape))

    @run.vjp
    def run_vjp(primals: Any, cotangent: Any, _: Any) -> Any:
        lora = primals[1:]
        dx, pairs = kernel.backward(np.asarray(cotangent), weights, adapters(lora), cos=cos, sin=sin)
        gradients = [gradient for name in adapted for gradient in pairs[name]]
        shaped = [mx.array(g.reshape(p.shape)) for g, p in zip(gradients, lora, strict=True)]
        return mx.array(dx.reshape(shape)), *shaped

    return run(h, *lora)


def native_head(head: Any, h: Any) -> bool:
    """Whether `cross_entropy` knows this head: one float32 matrix, frozen, for float32 states."""
    if type(head) not in (nn.Linear, nn.Embedding) or "bias" in head or head.trainable_parameters():
        return False
    return bool(h.dtype == mx.float32 and head.weight.dtype == mx.float32)


def cross_entropy(h: Any, weight: Any, targets: Any, *, training: bool) -> Any:
    """Negative log-likelihood [n] of targets under softmax(h weight'), for h [n, width] and a frozen weight.

    With `training` the gradient is computed along with the value, from the same logits.
    """
    frozen, wanted = np.asarray(weight), np.asarray(targets).tolist()
    slopes: list[np.ndarray] = []

    @mx.custom_function
    def losses(h: Any) -> Any:
        value, slope = _core.cross_entropy(np.ascontiguousarray(h), frozen, wanted, gradient=training)
        slopes[:] = [] if slope is None else [slope]
        return mx.array(value)

    @losses.vjp
    def losses_vjp(h: Any, cotangent: Any, _: Any) -> Any:
        return mx.array(slopes[0].reshape(h.shape) * np.asarray(cotangent)[:, None])

    return losses(h)


def _projections(layer: Any) -> dict[_core.Projection, Any]:
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


def _linear(module: Any) -> Any:
    return module.linear if hasattr(module, "lora_a") else module


def _is_plain(layer: Any) -> bool:
    """A llama block of float32 with whole matrices, no biases, plain rotary positions, and either no
    adapter or LoRA without dropout, of one scale."""
    from mlx_lm.models.llama import TransformerBlock
    from mlx_lm.tuner.lora import LoRALinear

    if type(layer) is not TransformerBlock or layer.use_sliding:
        return False
    attention, rope = layer.self_attn, layer.self_attn.rope
    if type(rope) is not nn.RoPE or rope.traditional or rope.scale != 1.0:
        return False
    if rope.dims != attention.head_dim or attention.scale != attention.head_dim**-0.5:
        return False
    scales = set()
    for module in _projections(layer).values():
        if type(module) is LoRALinear:
            # MLX's Dropout holds the probability of keeping a value.
            if module.dropout._p_1 != 1.0 or module.lora_a.dtype != mx.float32:
                return False
            scales.add(module.scale)
            module = module.linear
        if type(module) is not nn.Linear or "bias" in module or module.weight.dtype != mx.float32:
            return False
    return len(scales) < 2
