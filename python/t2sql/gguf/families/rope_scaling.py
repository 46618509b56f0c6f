"""The numbers behind scaled rotary positions, as transformers' modeling_rope_utils.py computes them."""

from __future__ import annotations

import math

import numpy as np

from t2sql.checked_json import CheckedJson
from t2sql.errors import InputError
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tensors import FloatArray


def scaling(config: ModelConfig) -> tuple[CheckedJson, str]:
    """config.json's `rope_scaling` and its kind in lower case, "default" when positions are not scaled.

    Older files call the kind `type` and LongRoPE "su".

    Raises:
        InputError: `rope_scaling` is no object, states a factor and no kind, or its kind is no text.
    """
    settings = config.section("rope_scaling")
    if settings.has("factor") and not (settings.has("rope_type") or settings.has("type")):
        raise settings.refusal("rope_type", "the kind of scaling that the factor belongs to")
    kind = settings.text("rope_type", default=settings.text("type", default="default")).lower()
    return settings, {"su": "longrope", "none": "default"}.get(kind, kind)


def rotary_dim(config: ModelConfig) -> int:
    """The number of a head's dimensions that are rotated.

    Raises:
        InputError: A setting is missing or not supported, or fewer than two dimensions are rotated.
    """
    dimensions = int(config.head_dim * config.number("partial_rotary_factor", default=1.0, most=1.0))
    if dimensions < 2:
        raise InputError(
            "rotary positions not supported",
            where=config.where,
            expected="at least 2 rotated dimensions of a head",
            found=f"{dimensions} of {config.head_dim}",
        )
    return dimensions


def original_length(config: ModelConfig) -> int:
    """The context in tokens that the model was trained with before its positions were scaled.

    Raises:
        InputError: It is missing, or less than 2 tokens.
    """
    settings, _ = scaling(config)
    for place in (config, settings):
        if place.has("original_max_position_embeddings"):
            return place.integer("original_max_position_embeddings", least=2)
    return config.integer("max_position_embeddings", least=2)


def yarn_attention(factor: float) -> float:
    """The factor of attention that YaRN gives a context stretched by `factor` (arXiv 2309.00071, eq. 22)."""
    return 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0


def longrope_attention(config: ModelConfig) -> float:
    """The factor of attention under LongRoPE: as stated, else from the two context lengths.

    Raises:
        InputError: A setting is missing or not supported.
    """
    settings, _ = scaling(config)
    if settings.has("attention_factor"):
        return settings.number("attention_factor")
    original = original_length(config)
    scale = config.integer("max_position_embeddings") / original
    return math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0


def llama3_factors(config: ModelConfig, settings: CheckedJson) -> FloatArray:
    """By how much Llama 3 divides the frequency of each rotated pair, [rotary_dim / 2].

    Short wavelengths stay, long ones are divided by `factor`, those between in proportion
    (`_compute_llama3_parameters` in transformers).

    Args:
        config: config.json.
        settings: Its `rope_scaling`.

    Raises:
        InputError: A setting is missing, or the two frequency factors are in the wrong order.
    """
    factor, original = settings.number("factor"), settings.integer("original_max_position_embeddings")
    low, high = settings.number("low_freq_factor"), settings.number("high_freq_factor")
    if low >= high:
        raise InputError(
            "rope scaling incomplete",
            where=f"{config.where}: rope_scaling",
            expected="low_freq_factor below high_freq_factor",
            found=f"{low:g} and {high:g}",
        )
    dimensions = rotary_dim(config)
    base = config.number("rope_theta", default=10000.0)
    wavelengths = 2 * math.pi * base ** (np.arange(0, dimensions, 2, dtype=np.float64) / dimensions)
    smooth = np.clip((original / wavelengths - low) / (high - low), 0.0, 1.0)
    between = 1 / ((1 - smooth) / factor + smooth)
    long = np.where(wavelengths > original / low, factor, between)
    return np.where(wavelengths < original / high, 1.0, long).astype(np.float32)
