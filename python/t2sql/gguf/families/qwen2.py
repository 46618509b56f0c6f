"""Qwen 2, Qwen 2.5 and Qwen 2.5 Coder: biases on q, k and v; rows stay in Hugging Face's rotary order."""

from __future__ import annotations

from t2sql.gguf.families.base import Family
from t2sql.gguf.families.decoder import BLOCK, KEYS, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import Rope

FAMILY = Family(
    gguf_architecture="qwen2",
    hf_architectures=("Qwen2ForCausalLM",),
    model_type="qwen2",
    whole=WHOLE,
    block=BLOCK,
    shapes=SHAPES,
    biased=("attn_q", "attn_k", "attn_v"),
    keys=(*KEYS, ROPE_BASE),
    rope=Rope(("linear", "yarn")),
)
