"""Qwen 3: norms on the heads of q and k, and a head_dim that config.json states."""

from __future__ import annotations

from t2sql.gguf.families.base import Family
from t2sql.gguf.families.decoder import (
    BLOCK,
    HEAD_KEYS,
    HEAD_NORM_SHAPES,
    HEAD_NORMS,
    KEYS,
    ROPE_BASE,
    SHAPES,
    WHOLE,
)
from t2sql.gguf.families.rope import Rope

FAMILY = Family(
    gguf_architecture="qwen3",
    hf_architectures=("Qwen3ForCausalLM",),
    model_type="qwen3",
    whole=WHOLE,
    block={**BLOCK, **HEAD_NORMS},
    shapes={**SHAPES, **HEAD_NORM_SHAPES},
    keys=(*KEYS, ROPE_BASE, *HEAD_KEYS),
    rope=Rope(("linear", "yarn")),
)
