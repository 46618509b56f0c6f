"""What a family's file cannot say is refused by name, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny, tiny_families

from t2sql.errors import InputError
from t2sql.gguf import convert

_YARN = {"type": "yarn", "factor": 4.0}
_LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}
_SHORT = {"type": "longrope", "long_factor": [1.0, 2.0], "short_factor": [1.0] * 8}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("llama", {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, r"none or linear.*found dynamic"),
        ("llama", {"rope_scaling": {"type": "linear"}}, r"rope_scaling\.factor.*a positive number"),
        ("llama", {"rope_scaling": _LLAMA3}, r"rope_scaling\.low_freq_factor.*a positive number"),
        (
            "llama-yarn",
            {"rope_scaling": _YARN},
            r"rope_scaling\.original_max_position_embeddings.*an integer",
        ),
        ("qwen2", {"rope_scaling": _LLAMA3}, "found llama3"),
        (
            "qwen2",
            {"use_sliding_window": True},
            r"use_sliding_window\): expected null or false or 0, found true",
        ),
        ("gemma2", {"query_pre_attn_scalar": 30}, "expected query_pre_attn_scalar 32, found 30"),
        ("gemma2", {"rope_scaling": {"type": "linear", "factor": 2.0}}, "expected none, found linear"),
        ("gemma3", {"sliding_window_pattern": 4}, "every 6th layer .*found sliding_window_pattern 4"),
        ("gemma3", {"layer_types": ["full_attention"] * 6}, "every 6th layer"),
        ("gemma3", {"final_logit_softcapping": 30.0}, r"final_logit_softcapping\): expected null"),
        ("llama", {"hidden_act": "gelu"}, r"hidden_act\): expected silu, found .gelu"),
        ("gemma2", {"hidden_activation": "gelu"}, "hidden_activation.*expected gelu_pytorch_tanh"),
        ("gemma3", {"use_bidirectional_attention": True}, "use_bidirectional_attention.*found true"),
        ("gemma2", {"layer_types": ["full_attention"] * 2}, "every other layer without a sliding window"),
        ("llama", {"layer_types": ["sliding_attention", "full_attention"]}, "every layer without"),
        ("llama", {"attention_bias": True}, "tensors missing.*q_proj.bias"),
        ("llama-biased", {"attention_bias": False}, "attention_bias is false"),
        ("qwen3", {"attention_bias": True}, "attention_bias.*found true"),
        ("llama", {"partial_rotary_factor": 0.5}, "partial_rotary_factor.*found 0.5"),
        ("llama", {"logits_scaling": 8.0}, "logits_scaling.*found 8.0"),
        ("llama", {"residual_multiplier": 0.22}, "residual_multiplier.*found 0.22"),
        ("qwen2", {"num_experts": 8}, "num_experts.*found 8"),
        ("llama", {"rope_scaling": {"factor": 2.0}}, "rope_type.*the kind of scaling"),
        ("llama", {"rope_parameters": {"rope_theta": 5.0}}, "rope_parameters.rope_theta.*as it is stated"),
        ("llama", {"num_hidden_layers": 0}, r"found 0\. The weights have 2 layers: write that"),
        ("phi3", {"rope_scaling": _SHORT}, r"long_factor.*expected 8 numbers, found 2"),
    ],
)
def test_a_setting_that_the_file_cannot_say(
    name: str, changes: dict[str, Any], message: str, family_model: Any, tmp_path: Path
) -> None:
    source = tmp_path / "model"
    source.mkdir()
    for file in family_model(name).iterdir():
        (source / file.name).symlink_to(file)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").unlink()
    (source / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("name", "tensor", "shape", "message"),
    [
        ("qwen2", "model.layers.1.self_attn.k_proj.bias", None, "tensors missing.*1.self_attn.k_proj.bias"),
        ("qwen3", "model.layers.0.self_attn.q_norm.weight", None, "tensors missing.*0.self_attn.q_norm"),
        ("gemma2", "model.layers.0.post_feedforward_layernorm.weight", None, "missing.*post_feedforward"),
        ("qwen3", "model.layers.0.self_attn.q_proj.bias", (128,), "not supported.*q_proj.bias"),
        ("mistral", "lm_head.bias", (512,), "not supported.*lm_head.bias"),
        ("phi3", "model.layers.0.self_attn.qkv_proj.weight", (64, 64), "contradicts.*qkv_proj"),
        ("qwen2", "model.layers.0.self_attn.q_proj.bias", (32,), "contradicts.*q_proj.bias"),
        ("llama", "model.layers.2.input_layernorm.weight", (64,), "contradicts.*layers.2.input.*2 layers"),
        ("llama", "model.embed_tokens.weight", (500, 64), "contradicts.*embed_tokens.*found .500, 64"),
    ],
)
def test_a_tensor_missing_unknown_or_misshapen(
    name: str, tensor: str, shape: tuple[int, ...] | None, message: str, tmp_path: Path
) -> None:
    source = tiny_families.build(tmp_path / "model", name)
    weights = tiny_families.weights(json.loads((source / "config.json").read_text()))
    weights.pop(tensor, None)
    if shape is not None:
        weights[tensor] = np.ones(shape, np.float32)
    tiny.write_weights(source, weights)
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
