"""Gemma 2: norms around both halves of a block, stored minus one; soft caps; windows in alternate layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.base import Dimension, Family, Key
from t2sql.gguf.families.decoder import ATTENTION, KEYS, MLP, ROPE_BASE, SHAPES, WHOLE
from t2sql.gguf.families.rope import UNSCALED
from t2sql.gguf.hf_config import ModelConfig
from t2sql.plain import JsonObject

BLOCK = {
    "attn_norm": "input_layernorm",
    **ATTENTION,
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    **MLP,
    "post_ffw_norm": "post_feedforward_layernorm",
}
BLOCK_SHAPES: Mapping[str, Sequence[Dimension]] = {
    **SHAPES,
    "post_attention_norm": ("hidden_size",),
    "post_ffw_norm": ("hidden_size",),
}
HEAD_KEYS = (
    Key("attention.key_length", "head_dim", required=True),
    Key("attention.value_length", "head_dim"),
)
ACTIVATION = ("hidden_activation", "gelu_pytorch_tanh")
# llama.cpp computes the attention scale from head_dim, except in the model with this many layers, the 27B
# (`llm_load_hparams` in llama-model.cpp).
_LAYERS_OF_27B = 46


def query_scalar(config: ModelConfig, layers_of_27b: int) -> int:
    """The `query_pre_attn_scalar` that llama.cpp computes with.

    Args:
        config: config.json.
        layers_of_27b: The number of layers by which llama.cpp recognises the family's 27B model, whose scale
            is hidden_size / heads; that of all others is head_dim.
    """
    if config.layers == layers_of_27b:
        return config.integer("hidden_size") // config.heads
    return config.integer("head_dim")


def check_query_scalar(config: ModelConfig, layers_of_27b: int) -> None:
    """Refuse an attention scale for which GGUF has no key; the arguments are those of `query_scalar`.

    Raises:
        InputError: config.json states another scale than llama.cpp computes.
    """
    expected = query_scalar(config, layers_of_27b)
    found = config.number("query_pre_attn_scalar", default=expected)
    if found != expected:
        raise InputError(
            "attention scale that a GGUF cannot express",
            where=config.where,
            expected=f"query_pre_attn_scalar {expected}",
            found=f"{found:g}",
        )


def _metadata(config: ModelConfig) -> list[Entry]:
    check_query_scalar(config, _LAYERS_OF_27B)
    return []


def _config(gguf: GgufFile, config: ModelConfig) -> JsonObject:
    return {"query_pre_attn_scalar": query_scalar(config, _LAYERS_OF_27B)}


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
    full_every=2,
    reads=("query_pre_attn_scalar",),
    keys=(
        *KEYS,
        ROPE_BASE,
        *HEAD_KEYS,
        Key("attn_logit_softcapping", "attn_logit_softcapping", "f32", default=50.0),
        Key("final_logit_softcapping", "final_logit_softcapping", "f32", default=30.0),
        Key("attention.sliding_window", "sliding_window", default=4096),
    ),
    rope=UNSCALED,
    extra_metadata=_metadata,
    extra_config=_config,
)
