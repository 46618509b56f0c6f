"""The numbers behind scaled rotary positions, as transformers' modeling_rope_utils.py computes them."""

from __future__ import annotations

import math

import numpy as np

from t2sql.errors import InputError
from t2sql.gguf.hf_config import Config
from t2sql.gguf.tensors import FloatArray

# Where errors say that a setting is.
WHERE = "config.json: rope_scaling"


def scaling(config: Config) -> tuple[Config, str]:
    """config.json's `rope_scaling` and its kind in lower case, "default" when positions are not scaled.

    Older files call the kind `type` and LongRoPE "su".
    """
    settings = config.get("rope_scaling") or {}
    kind = str(settings.get("rope_type", settings.get("type", "default"))).lower()
    return settings, {"su": "longrope", "none": "default"}.get(kind, kind)


def rotary_dim(config: Config) -> int:
    """The number of a head's dimensions that are rotated."""
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return int(head_dim * float(config.get("partial_rotary_factor") or 1.0))


def original_length(config: Config) -> int:
    """The context in tokens that the model was trained with before its positions were scaled."""
    settings, _ = scaling(config)
    for place in (config, settings):
        if place.get("original_max_position_embeddings"):
            return int(place["original_max_position_embeddings"])
    return int(config["max_position_embeddings"])


def positive(settings: Config, key: str) -> float:
    """A positive number of `rope_scaling`.

    Raises:
        InputError: It is missing, or something else.
    """
    value = settings.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError("rope scaling incomplete", where=WHERE, expected=f"a positive {key}", found=value)
    return float(value)


def yarn_attention(factor: float) -> float:
    """The factor of attention that YaRN gives a context stretched by `factor` (arXiv 2309.00071, eq. 22)."""
    return 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0


def longrope_attention(config: Config) -> float:
    """The factor of attention under LongRoPE: as stated, else from the two context lengths."""
    settings, _ = scaling(config)
    stated = settings.get("attention_factor")
    if stated is not None:
        return float(stated)
    original = original_length(config)
    scale = float(config["max_position_embeddings"]) / original
    return math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0


def llama3_factors(config: Config, settings: Config) -> FloatArray:
    """By how much Llama 3 divides the frequency of each rotated pair, [rotary_dim / 2].

    Short wavelengths stay, long ones are divided by `factor`, those between in proportion
    (`_compute_llama3_parameters` in transformers).

    Args:
        config: config.json.
        settings: Its `rope_scaling`.

    Raises:
        InputError: A setting is missing, or the two frequency factors are in the wrong order.
    """
    factor, original = positive(settings, "factor"), positive(settings, "original_max_position_embeddings")
    low, high = positive(settings, "low_freq_factor"), positive(settings, "high_freq_factor")
    if low >= high:
        raise InputError(
            "rope scaling incomplete",
            where=WHERE,
            expected="low_freq_factor below high_freq_factor",
            found=f"{low:g} and {high:g}",
        )
    dimensions = rotary_dim(config)
    base = float(config.get("rope_theta") or 10000.0)
    wavelengths = 2 * math.pi * base ** (np.arange(0, dimensions, 2, dtype=np.float64) / dimensions)
    smooth = (original / wavelengths - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    long = np.where(wavelengths > original / low, factor, between)
    return np.where(wavelengths < original / high, 1.0, long).astype(np.float32)
