"""Phi 3, 3.5 and 4-mini: q, k and v in one matrix, gate and up in another; two sets of rotary factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t2sql.gguf.families.base import Config, Entry, Family
from t2sql.gguf.families.decoder import KEYS, ROPE_BASE, WHOLE, WHOLE_SHAPES
from t2sql.gguf.families.rope import Rope, original_length, rotated


def _metadata(config: Config) -> list[Entry]:
    return [
        ("rope.dimension_count", "u32", rotated(config)),
        ("rope.scaling.original_context_length", "u32", original_length(config)),
        # Zero is how llama.cpp tells a model without a window.
        ("attention.sliding_window", "u32", int(config.get("sliding_window") or 0)),
    ]


def _config(metadata: Mapping[str, Any], config: Config) -> dict[str, Any]:
    head = config["hidden_size"] // config["num_attention_heads"]
    made: dict[str, Any] = {}
    dimensions = metadata.get("phi3.rope.dimension_count", head)
    if dimensions != head:
        made["partial_rotary_factor"] = dimensions / head
    if metadata.get("phi3.attention.sliding_window"):
        made["sliding_window"] = metadata["phi3.attention.sliding_window"]
    original = metadata.get("phi3.rope.scaling.original_context_length")
    if original is not None:
        made["original_max_position_embeddings"] = original
    return made


FAMILY = Family(
    gguf_architecture="phi3",
    hf_architectures=("Phi3ForCausalLM",),
    model_type="phi3",
    whole=WHOLE,
    block={
        "attn_norm": "input_layernorm",
        "attn_qkv": "self_attn.qkv_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_up": "mlp.gate_up_proj",
        "ffn_down": "mlp.down_proj",
    },
    shapes={
        **WHOLE_SHAPES,
        "attn_norm": ("hidden",),
        "attn_qkv": ("queries keys values", "hidden"),
        "attn_output": ("hidden", "queries"),
        "ffn_norm": ("hidden",),
        "ffn_up": ("gate up", "hidden"),
        "ffn_down": ("hidden", "wide"),
    },
    keys=(*KEYS, ROPE_BASE),
    rope=Rope(("longrope",)),
    metadata=_metadata,
    config=_config,
)
