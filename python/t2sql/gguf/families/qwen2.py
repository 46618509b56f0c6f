"""Qwen 2, Qwen 2.5 and Qwen 2.5 Coder: biases on q, k and v; rows stay in Hugging Face's rotary order."""

from __future__ import annotations

from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.decoder import BLOCK, KEYS, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import Rope
from t2sql.gguf.hf_config import ModelConfig


def check_full_attention(config: ModelConfig) -> list[Entry]:
    """Refuse the sliding window that Qwen's code has and none of its models uses.

    Returns:
        No entries: this is an `extra_metadata` that only checks.

    Raises:
        InputError: `use_sliding_window` is true.
    """
    if config.flag("use_sliding_window", default=False):
        raise InputError(
            "sliding window not supported",
            where=config.where,
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
    extra_metadata=check_full_attention,
)
