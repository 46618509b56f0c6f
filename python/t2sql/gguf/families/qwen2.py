"""Qwen 2, Qwen 2.5 and Qwen 2.5 Coder: biases on q, k and v; halves are rotated as in Hugging Face."""

from __future__ import annotations

from t2sql.errors import InputError
from t2sql.gguf.families.base import Config, Entry, Family
from t2sql.gguf.families.decoder import BLOCK, KEYS, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import Rope


def full_attention(config: Config) -> list[Entry]:
    """Refuse the sliding window that Qwen's code has and none of its models uses."""
    if config.get("use_sliding_window"):
        raise InputError(
            "sliding window not supported",
            where="config.json",
            expected="use_sliding_window false",
            found="true",
        )
    return []


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
    metadata=full_attention,
)
