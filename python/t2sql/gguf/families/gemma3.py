"""Gemma 3, text only: Gemma 2's block with norms on the heads, and a rotary base for each kind of layer."""

from __future__ import annotations

from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Family, Key
from t2sql.gguf.families.decoder import HEAD_NORM_SHAPES, HEAD_NORMS, KEYS, WHOLE
from t2sql.gguf.families.gemma2 import (
    ACTIVATION,
    BLOCK,
    BLOCK_SHAPES,
    HEAD_KEYS,
    check_query_scalar,
    query_scalar,
)
from t2sql.gguf.families.rope import Rope
from t2sql.gguf.hf_config import ModelConfig
from t2sql.plain import JsonObject

_LAYERS_OF_27B = 62
# Five layers with a sliding window, then one without: llama.cpp's graph has no other pattern.
_PATTERN = 6


def _metadata(config: ModelConfig) -> list[Entry]:
    check_query_scalar(config, _LAYERS_OF_27B)
    return []


def _config(gguf: GgufFile, config: ModelConfig) -> JsonObject:
    return {
        "query_pre_attn_scalar": query_scalar(config, _LAYERS_OF_27B),
        "sliding_window_pattern": _PATTERN,
    }


FAMILY = Family(
    gguf_architecture="gemma3",
    hf_architectures=("Gemma3ForCausalLM",),
    model_type="gemma3_text",
    whole=WHOLE,
    block={**BLOCK, **HEAD_NORMS},
    shapes={**BLOCK_SHAPES, **HEAD_NORM_SHAPES},
    tied=True,
    norm_offset=1.0,
    activation=ACTIVATION,
    full_every=_PATTERN,
    reads=("query_pre_attn_scalar",),
    keys=(
        *KEYS,
        *HEAD_KEYS,
        Key("rope.freq_base", "rope_theta", "f32", default=1_000_000.0),
        Key("rope.freq_base_swa", "rope_local_base_freq", "f32", default=10_000.0),
        Key("attention.sliding_window", "sliding_window", required=True),
    ),
    rope=Rope(("linear",)),
    extra_metadata=_metadata,
    extra_config=_config,
)
