"""A layer of mlx-lm as the parts that Rust computes with, or the reason why Rust does not compute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from t2sql import _core
from t2sql.runtimes import Module, mlx_lm, mx, nn
from t2sql.train.anatomy import family_of
from t2sql.train.frozen import is_frozen_matrix

_SCALED_ROPES = ("Llama3RoPE", "YarnRoPE", "SuScaledRoPE", "ProportionalRoPE")
"""mlx-lm's modules that hold the wavelengths of their rotary positions, in radians, as `_freqs`."""


@dataclass(frozen=True)
class Family:
    """How mlx-lm names the parts of a family's layers, and in what their computation differs from llama's.

    Attributes:
        projections: The linear modules' paths.
        norms: The RMS norms' paths.
        norm_offset: What is added to a norm's weight.
        activation: What the gate goes through.
    """

    projections: dict[_core.Projection, str]
    norms: dict[_core.Norm, str]
    norm_offset: float = 0.0
    activation: _core.Activation = "silu"


_SEPARATE: dict[_core.Projection, str] = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}
_FUSED: dict[_core.Projection, str] = {
    "qkv": "self_attn.qkv_proj",
    "o": "self_attn.o_proj",
    "gate_up": "mlp.gate_up_proj",
    "down": "mlp.down_proj",
}
_NORMS: dict[_core.Norm, str] = {"input": "input_layernorm", "feed_forward": "post_attention_layernorm"}
_HEAD_NORMS: dict[_core.Norm, str] = {"q": "self_attn.q_norm", "k": "self_attn.k_norm"}
_GEMMA_NORMS: dict[_core.Norm, str] = {
    "input": "input_layernorm",
    "attention_output": "post_attention_layernorm",
    "feed_forward": "pre_feedforward_layernorm",
    "feed_forward_output": "post_feedforward_layernorm",
}

FAMILIES = {
    "llama": Family(_SEPARATE, _NORMS),
    "qwen2": Family(_SEPARATE, _NORMS),
    "qwen3": Family(_SEPARATE, _NORMS | _HEAD_NORMS),
    "phi3": Family(_FUSED, _NORMS),
    "gemma2": Family(_SEPARATE, _GEMMA_NORMS, 1.0, "gelu_tanh"),
    "gemma3_text": Family(_SEPARATE, _GEMMA_NORMS | _HEAD_NORMS, 1.0, "gelu_tanh"),
}
"""The families that Rust computes, by the name of mlx-lm's module; Mistral's layers are llama's."""


@dataclass(frozen=True)
class LayerSpec:
    """The arguments of `_core.DecoderLayer`, which documents them."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate_size: int
    eps: float
    activation: _core.Activation
    attention_scale: float | None
    score_cap: float | None
    window: int | None
    rotary_dims: int
    rotary_pairs: _core.RotaryPairs


@dataclass(frozen=True)
class Rope:
    """Rotary positions.

    Attributes:
        frequencies: Radians per position, of each pair of numbers.
        factor: What the rotated numbers are multiplied by.
        pairs: Which numbers of a head are pairs.
    """

    frequencies: tuple[float, ...]
    factor: float
    pairs: _core.RotaryPairs

    @classmethod
    def of(cls, module: Module) -> Rope | None:
        """Read them off MLX's or mlx-lm's module; None for one of another kind."""
        name = type(module).__name__
        pairs: Literal["halves", "neighbours"] = "halves"
        if name != "SuScaledRoPE" and name in ("RoPE", *_SCALED_ROPES) and module.traditional:
            pairs = "neighbours"
        if type(module) is nn.RoPE:
            half = module.dims // 2
            frequencies = float(module.base) ** (-np.arange(half, dtype=np.float64) / half)
            return cls(tuple((module.scale * frequencies).tolist()), 1.0, pairs)
        if family_of(module) != "rope_utils" or name not in _SCALED_ROPES:
            return None
        factor = {"SuScaledRoPE": "_scale", "YarnRoPE": "mscale"}.get(name)
        frequencies = 1.0 / np.asarray(module._freqs).astype(np.float64)
        return cls(tuple(frequencies.tolist()), float(getattr(module, factor)) if factor else 1.0, pairs)


@dataclass(frozen=True)
class LayerParts:
    """What Rust computes a layer with.

    Attributes:
        spec: What kind of layer it is.
        norms: The norms' factors.
        linears: The frozen linear modules, without their adapters.
        adapters: The LoRA modules of the projections that have one.
        rope: The rotary positions.
    """

    spec: LayerSpec
    norms: dict[_core.Norm, np.ndarray]
    linears: dict[_core.Projection, Module]
    adapters: dict[_core.Projection, Module]
    rope: Rope


@dataclass(frozen=True)
class Unfit:
    """Why Rust does not compute a layer."""

    reason: str


def parts_of(layer: Module, window: int | None) -> LayerParts | Unfit:
    """Take a layer apart, as it is now.

    Args:
        layer: A layer of mlx-lm's model.
        window: How many positions its queries attend to; None for all.
    """
    family = FAMILIES.get(family_of(layer))
    if family is None or type(layer).__name__ != "TransformerBlock":
        return Unfit(f"layers of {type(layer).__module__} are not known to Rust")
    attention = layer.self_attn
    rope = Rope.of(attention.rope)
    if rope is None:
        return Unfit(f"rotary positions of type {type(attention.rope).__name__}")
    linears: dict[_core.Projection, Module] = {}
    adapters: dict[_core.Projection, Module] = {}
    for name, path in family.projections.items():
        module = _at(layer, path)
        if type(module) is mlx_lm.LoRALinear:
            adapters[name], module = module, module.linear
        reason = _unfit(module, adapters.get(name))
        if reason:
            return Unfit(f"{path.rsplit('.', 1)[-1]}: {reason}")
        linears[name] = module
    norms = {name: _at(layer, path) for name, path in family.norms.items()}
    if len({norm.eps for norm in norms.values()}) > 1:
        return Unfit("norms with different epsilons")
    if any(norm.weight.dtype != mx.float32 for norm in norms.values()):
        return Unfit("norms are not float32")
    fused = "qkv" in linears
    q_rows, heads, kv_heads = (
        linears["qkv" if fused else "q"].weight.shape[0],
        attention.n_heads,
        attention.n_kv_heads,
    )
    head_dim = q_rows // (heads + 2 * kv_heads if fused else heads)
    ffn = linears["gate_up"].weight.shape[0] // 2 if fused else linears["gate"].weight.shape[0]
    spec = LayerSpec(
        hidden=norms["input"].weight.size,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate_size=ffn,
        eps=norms["input"].eps,
        activation=family.activation,
        attention_scale=None if attention.scale == head_dim**-0.5 else attention.scale,
        score_cap=attention.attn_logit_softcapping if family_of(layer) == "gemma2" else None,
        window=window,
        rotary_dims=2 * len(rope.frequencies),
        rotary_pairs=rope.pairs,
    )
    weights = {name: np.asarray(norm.weight) for name, norm in norms.items()}
    if family.norm_offset:
        weights = {name: weight + np.float32(family.norm_offset) for name, weight in weights.items()}
    return LayerParts(spec, weights, linears, adapters, rope)


def _at(layer: Module, path: str) -> Module:
    for name in path.split("."):
        layer = layer[name]
    return layer


def _unfit(linear: Module, adapter: Module | None) -> str:
    """Why Rust does not compute a linear module; empty where it does."""
    if adapter is not None and adapter.lora_a.dtype != mx.float32:
        return "its adapter is not float32"
    if not is_frozen_matrix(linear):
        return f"a {type(linear).__name__} that Rust does not multiply by"
    if "bias" in linear and linear.bias.dtype != mx.float32:
        return "its bias is not float32"
    return ""
