"""Gemma 2: norms around both halves of a block, stored less one; soft caps; a window in every other layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t2sql.errors import InputError
from t2sql.gguf.families.base import Config, Entry, Family, Key
from t2sql.gguf.families.decoder import ATTENTION, KEYS, MLP, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import UNSCALED

BLOCK = {
    "attn_norm": "input_layernorm",
    **ATTENTION,
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    **MLP,
    "post_ffw_norm": "post_feedforward_layernorm",
}
BLOCK_SHAPES = {**SHAPES, "post_attention_norm": ("hidden",), "post_ffw_norm": ("hidden",)}
HEAD_KEYS = (
    Key("attention.key_length", "head_dim", required=True),
    Key("attention.value_length", "head_dim"),
)
ACTIVATION = ("hidden_activation", "gelu_pytorch_tanh")
# llama.cpp takes the attention scale from the head size, but for the one model it knows by its layers.
_LAYERS_OF_27B = 46


def scalar(config: Config, layers_of_27b: int) -> int:
    """The `query_pre_attn_scalar` that llama.cpp computes with."""
    if config["num_hidden_layers"] == layers_of_27b:
        return int(config["hidden_size"]) // int(config["num_attention_heads"])
    return int(config["head_dim"])


def check_scalar(config: Config, layers_of_27b: int) -> None:
    expected = scalar(config, layers_of_27b)
    found = config.get("query_pre_attn_scalar")
    if found is not None and found != expected:
        raise InputError(
            "attention scale that llama.cpp cannot be told",
            where="config.json",
            expected=f"query_pre_attn_scalar {expected}",
            found=found,
        )


def check_activation(config: Config) -> None:
    found = config.get("hidden_activation") or "gelu_pytorch_tanh"
    if found != "gelu_pytorch_tanh":
        raise InputError(
            "activation not supported", where="config.json", expected="gelu_pytorch_tanh", found=found
        )


def _metadata(config: Config) -> list[Entry]:
    check_scalar(config, _LAYERS_OF_27B)
    check_activation(config)
    return []


def _config(metadata: Mapping[str, Any], config: Config) -> dict[str, Any]:
    return {"query_pre_attn_scalar": scalar(config, _LAYERS_OF_27B)}


FAMILY = Family(
    gguf_architecture="gemma2",
    hf_architectures=("Gemma2ForCausalLM",),
    model_type="gemma2",
    whole=WHOLE,
    block=BLOCK,
    shapes=BLOCK_SHAPES,
    tied=True,
    norm_offset=1.0,
    activation=ACTIVATION,
    keys=(
        *KEYS,
        ROPE_BASE,
        *HEAD_KEYS,
        Key("attn_logit_softcapping", "attn_logit_softcapping", "f32", default=50.0),
        Key("final_logit_softcapping", "final_logit_softcapping", "f32", default=30.0),
        Key("attention.sliding_window", "sliding_window", default=4096),
    ),
    rope=UNSCALED,
    metadata=_metadata,
    config=_config,
)
