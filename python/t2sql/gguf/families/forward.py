"""Settings of config.json that change what a model computes, judged for all families alike.

A graph of llama.cpp has no place for most of them, and mlx-lm passes over many: the model would be converted,
or trained, as another one. Settings that are not listed change nothing in the families that are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family
from t2sql.gguf.hf_config import ModelConfig
from t2sql.plain import Json

NEUTRAL: Mapping[str, Sequence[Json]] = {
    **dict.fromkeys(
        (
            *("attention_bias", "mlp_bias", "bias", "use_bias", "qkv_bias", "use_qkv_bias", "lm_head_bias"),
            *(
                "rope_interleave",
                "rope_interleaved",
                "use_dynamic_ntk",
                "use_logn_attn",
                "use_sliding_window",
            ),
            *("use_qk_norm", "qk_norm", "qk_layernorm", "alibi", "use_alibi", "use_sinks"),
            *("attn_temperature_tuning", "parallel_attn", "parallel_attention", "use_parallel_residual"),
            *("use_bidirectional_attention", "add_cross_attention", "is_encoder_decoder"),
        ),
        (False, 0),
    ),
    **dict.fromkeys(
        (
            *("partial_rotary_factor", "rotary_pct", "rope_ratio", "logit_scale", "logits_scaling"),
            *("logits_scale", "lm_head_multiplier", "embedding_multiplier", "embedding_scale", "scale_emb"),
            *("residual_multiplier", "key_multiplier", "attention_out_multiplier"),
        ),
        (1,),
    ),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), (0, 1)),
    **dict.fromkeys(
        ("no_rope_layers", "no_rope_layer_interval", "attention_chunk_size", "cross_attention_layers"),
        ([], 0),
    ),
    **dict.fromkeys(
        (
            *("attn_logit_softcapping", "final_logit_softcapping", "attn_logit_softcap", "logits_soft_cap"),
            *("attention_multiplier", "query_pre_attn_scalar", "attn_scale", "clip_qkv"),
            *("scale_depth", "dim_model_base"),
        ),
        (),
    ),
}
"""Setting -> the values, beside null, with which it changes nothing."""

_ACTIVATIONS = {"swish": "silu"}
"""Other names of transformers for the same function (`ACT2FN`)."""


def check_forward(config: ModelConfig, family: Family) -> None:
    """Refuse settings with which a model computes something that its family's graph does not.

    Args:
        config: config.json.
        family: The family that its architecture names.

    Raises:
        InputError: A setting of `NEUTRAL` that the family does not know has another value, the activation
            or the order of layers with a sliding window is another one.
    """
    known = {*family.reads, *(key.config for key in family.keys)}
    if family.biased or family.bias_flags:
        known |= {"attention_bias", "mlp_bias"}
    for name, neutral in NEUTRAL.items():
        if name not in known and config.has(name) and config.document[name] not in neutral:
            raise _refusal(config, name, " or ".join(["null", *map(_in_json, neutral)]))
    key, activation = family.activation
    stated = config.text(key, default=activation)
    if _ACTIVATIONS.get(stated, stated) != activation:
        raise _refusal(config, key, activation)
    _check_layer_types(config, family)


def _check_layer_types(config: ModelConfig, family: Family) -> None:
    """Refuse another order of layers with and without a sliding window than the family's."""
    kinds = config.texts("layer_types")
    if family.drops_window:
        kinds = tuple("full_attention" if kind == "sliding_attention" else kind for kind in kinds)
    every = family.full_every
    full = [(layer + 1) % every == 0 for layer in range(config.layers)]
    pattern = config.integer("sliding_window_pattern", default=every)
    expected = ["full_attention" if is_full else "sliding_attention" for is_full in full]
    if (every > 1 and pattern != every) or (kinds and list(kinds) != expected):
        order = {1: "every layer", 2: "every other layer"}.get(every, f"every {every}th layer")
        raise InputError(
            "order of layers that a GGUF cannot express",
            where=config.where,
            expected=f"{order} without a sliding window",
            found=", ".join(kinds) or f"sliding_window_pattern {pattern}",
        )


def _refusal(config: ModelConfig, key: str, expected: str) -> InputError:
    error = config.refusal(key, expected)
    return InputError(
        "setting that this architecture does not have",
        where=error.where,
        expected=error.expected,
        found=error.found,
        hint="The model computes something else than its architecture's graph: it cannot be used here",
    )


def _in_json(value: Json) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
