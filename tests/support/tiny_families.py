"""A tiny random model of every family, and of what a family's config can ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from support import tiny

_LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
_YARN = {"type": "yarn", "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}
_LONGROPE = {
    "type": "longrope",
    "long_factor": [1.0, 1.1, 1.3, 1.7, 2.1, 3.0, 4.5, 6.0],
    "short_factor": [1.0, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5],
}
# name -> (tokenizer, config). The first of each family is its usual form.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama-bpe", {"architectures": ["LlamaForCausalLM"], "rope_scaling": _LLAMA3}),
    "llama-linear": (
        "deepseek-coder",
        {"architectures": ["LlamaForCausalLM"], "rope_scaling": {"type": "linear", "factor": 4.0}},
    ),
    "llama-yarn": ("smollm", {"architectures": ["LlamaForCausalLM"], "rope_scaling": _YARN}),
    "llama-biased": (
        "gpt-2",
        {"architectures": ["LlamaForCausalLM"], "attention_bias": True, "mlp_bias": True, "head_dim": 32},
    ),
    "mistral": ("spm", {"architectures": ["MistralForCausalLM"], "tie_word_embeddings": False}),
    "qwen2": ("qwen2", {"architectures": ["Qwen2ForCausalLM"], "use_sliding_window": False}),
    "qwen3": ("qwen2", {"architectures": ["Qwen3ForCausalLM"], "head_dim": 32}),
    "gemma2": (
        "spm",
        {
            "architectures": ["Gemma2ForCausalLM"],
            "head_dim": 32,
            "query_pre_attn_scalar": 32,
            "attn_logit_softcapping": 20.0,
            "final_logit_softcapping": 15.0,
            "sliding_window": 256,
        },
    ),
    "gemma3": (
        "spm",
        {
            "architectures": ["Gemma3ForCausalLM"],
            "model_type": "gemma3_text",
            "num_hidden_layers": 6,
            "head_dim": 32,
            "query_pre_attn_scalar": 32,
            "sliding_window": 16,
            "sliding_window_pattern": 6,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
            "rope_scaling": {"rope_type": "linear", "factor": 2.0},
        },
    ),
    "phi3": (
        "spm",
        {
            "architectures": ["Phi3ForCausalLM"],
            "tie_word_embeddings": False,
            "rope_scaling": _LONGROPE,
            "original_max_position_embeddings": 64,
        },
    ),
    "phi3-partial": (
        "spm",
        {"architectures": ["Phi3ForCausalLM"], "partial_rotary_factor": 0.5, "sliding_window": 256},
    ),
}


def build(folder: Path, name: str, **changes: Any) -> Path:
    """A Hugging Face directory of the model `name`; `changes` override config.json entries."""
    tokenizer, given = MODELS[name]
    config: dict[str, Any] = {
        "model_type": name.partition("-")[0],
        "tie_word_embeddings": True,
        "num_hidden_layers": 2,
        **given,
        **changes,
    }
    # The directory's other files first, with weights of Llama's shape that are replaced below.
    tiny.build(folder, family="llama", tokenizer=tokenizer, **{**config, "head_dim": config.get("head_dim")})
    config = json.loads((folder / "config.json").read_text())
    config = {key: value for key, value in config.items() if value is not None}
    if config["model_type"].startswith("gemma"):
        config["hidden_activation"] = "gelu_pytorch_tanh"
    (folder / "config.json").write_text(json.dumps(config))
    tiny.write_weights(folder, weights(config))
    return folder


def weights(config: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights whose logits are far from flat, under Hugging Face's names."""
    from t2sql.gguf import ModelConfig, by_hf_architecture

    family = by_hf_architecture(config["architectures"][0], "here")
    rng = np.random.default_rng(seed)
    shapes = family.expected(ModelConfig(config), tied=config["tie_word_embeddings"])
    made = {}
    for gguf, shape in shapes.items():
        name = family.to_hf(gguf)
        assert name is not None
        x = rng.standard_normal(shape)
        if gguf.endswith("_norm.weight"):
            # Norms after a half of a block are its gain: large, for the block to count.
            x = (3 if "post_" in gguf else 1) * (1 + 0.1 * x) - family.offset(gguf)
        elif len(shape) == 1:
            x *= 0.3
        else:
            x *= (3.0 if shape[0] == config["vocab_size"] else 1.5) / shape[1] ** 0.5
        made[name] = x.astype(np.float32)
    return made
