"""Llama and everything with its graph: Llama 2 and 3, TinyLlama, SmolLM2, DeepSeek-Coder, Mistral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family, Key


def _metadata(config: dict[str, Any]) -> list[tuple[str, str, Any]]:
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    entries: list[tuple[str, str, Any]] = [("llama.rope.dimension_count", "u32", head_dim)]
    if config.get("head_dim"):
        entries.append(("llama.attention.key_length", "u32", head_dim))
        entries.append(("llama.attention.value_length", "u32", head_dim))
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        entries.append(("llama.rope.scaling.type", "str", "linear"))
        entries.append(("llama.rope.scaling.factor", "f32", float(scaling["factor"])))
    elif kind not in ("default", "none"):
        raise InputError(
            "rope scaling not supported", where="config.json", expected="none or linear", found=kind
        )
    return entries


def _config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kind = metadata.get("llama.rope.scaling.type", "none")
    if kind == "none":
        return {}
    if kind == "linear":
        return {"rope_scaling": {"type": "linear", "factor": metadata["llama.rope.scaling.factor"]}}
    raise InputError("rope scaling not supported", expected="none or linear", found=kind)


FAMILY = Family(
    gguf_architecture="llama",
    hf_architectures=("LlamaForCausalLM", "MistralForCausalLM"),
    whole={
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "output": "lm_head",
    },
    block={
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    },
    shapes={
        "token_embd": ("vocabulary", "hidden"),
        "output_norm": ("hidden",),
        "output": ("vocabulary", "hidden"),
        "attn_norm": ("hidden",),
        "attn_q": ("queries", "hidden"),
        "attn_k": ("keys", "hidden"),
        "attn_v": ("keys", "hidden"),
        "attn_output": ("hidden", "queries"),
        "ffn_norm": ("hidden",),
        "ffn_gate": ("wide", "hidden"),
        "ffn_up": ("wide", "hidden"),
        "ffn_down": ("hidden", "wide"),
    },
    # llama.cpp rotates neighbouring pairs, Hugging Face the two halves of a head.
    permuted={"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"},
    ignored=("self_attn.rotary_emb.inv_freq", "self_attn.rotary_emb.freqs"),
    keys=(
        Key("block_count", "num_hidden_layers", required=True),
        Key("context_length", "max_position_embeddings", required=True),
        Key("embedding_length", "hidden_size", required=True),
        Key("feed_forward_length", "intermediate_size", required=True),
        Key("attention.head_count", "num_attention_heads", required=True),
        Key("attention.head_count_kv", "num_key_value_heads"),
        Key("attention.layer_norm_rms_epsilon", "rms_norm_eps", "f32", required=True),
        Key("rope.freq_base", "rope_theta", "f32", default=10000.0),
        Key("attention.key_length", "head_dim"),
    ),
    metadata=_metadata,
    config=_config,
)
