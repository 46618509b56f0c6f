"""Llama and everything with its graph: Llama 2, 3, 3.1 and 3.2, TinyLlama, SmolLM2, DeepSeek-Coder."""

from __future__ import annotations

from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.decoder import BLOCK, HEAD_KEYS, KEYS, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import Rope
from t2sql.gguf.hf_config import ModelConfig


def _metadata(config: ModelConfig) -> list[Entry]:
    return [Entry("rope.dimension_count", "u32", config.head_dim)]


FAMILY = Family(
    gguf_architecture="llama",
    hf_architectures=("LlamaForCausalLM",),
    model_type="llama",
    whole=WHOLE,
    block=BLOCK,
    shapes=SHAPES,
    # llama.cpp rotates neighbouring elements of a head, Hugging Face its first half with its second.
    permuted={"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"},
    bias_flags={
        "attention_bias": ("attn_q", "attn_k", "attn_v", "attn_output"),
        "mlp_bias": ("ffn_gate", "ffn_up", "ffn_down"),
    },
    keys=(*KEYS, ROPE_BASE, *HEAD_KEYS),
    rope=Rope(("linear", "yarn", "llama3")),
    extra_metadata=_metadata,
)
