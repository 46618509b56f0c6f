"""Phi 3, 3.5 and 4-mini: q, k and v in one matrix, gate and up in another; two sets of rotary factors."""

from __future__ import annotations

from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.decoder import KEYS, ROPE_BASE, WHOLE, WHOLE_SHAPES
from t2sql.gguf.families.rope import Rope
from t2sql.gguf.families.rope_scaling import original_length, rotary_dim
from t2sql.gguf.hf_config import ModelConfig
from t2sql.plain import Json, JsonObject


def _metadata(config: ModelConfig) -> list[Entry]:
    return [
        Entry("rope.dimension_count", "u32", rotary_dim(config)),
        Entry("rope.scaling.original_context_length", "u32", original_length(config)),
        # llama.cpp takes 0 for a model without a window.
        Entry("attention.sliding_window", "u32", config.integer("sliding_window", default=0, least=0)),
    ]


def _config(gguf: GgufFile, config: ModelConfig) -> JsonObject:
    head_dim = config.head_dim
    settings: dict[str, Json] = {}
    dimensions = gguf.integer("phi3.rope.dimension_count", default=head_dim)
    if dimensions != head_dim:
        settings["partial_rotary_factor"] = dimensions / head_dim
    window = gguf.integer("phi3.attention.sliding_window", default=0, least=0)
    if window:
        settings["sliding_window"] = window
    if gguf.get("phi3.rope.scaling.original_context_length") is not None:
        original = gguf.integer("phi3.rope.scaling.original_context_length")
        settings["original_max_position_embeddings"] = original
    return settings


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
        "attn_norm": ("hidden_size",),
        "attn_qkv": ("qkv_dim", "hidden_size"),
        "attn_output": ("hidden_size", "q_dim"),
        "ffn_norm": ("hidden_size",),
        "ffn_up": ("gate_up_dim", "hidden_size"),
        "ffn_down": ("hidden_size", "intermediate_size"),
    },
    keys=(*KEYS, ROPE_BASE),
    reads=("partial_rotary_factor",),
    rope=Rope(("longrope",)),
    extra_metadata=_metadata,
    extra_config=_config,
)
