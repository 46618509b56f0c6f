"""Scaled rotary positions: config.json's settings as GGUF keys and factor tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from t2sql.checked_json import MAX_F32, CheckedJson
from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.rope_scaling import (
    llama3_factors,
    longrope_attention,
    rotary_dim,
    scaling,
    yarn_attention,
)
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tensors import FloatArray
from t2sql.plain import Json, JsonObject

# Tensors that hold a factor for each rotated pair of dimensions (gguf-py's MODEL_TENSOR.ROPE_*).
FREQS = "rope_freqs.weight"
LONG, SHORT = "rope_factors_long.weight", "rope_factors_short.weight"
FACTOR_TENSORS = (FREQS, LONG, SHORT)


@dataclass(frozen=True)
class Rope:
    """The scaling that a family's graph has in llama.cpp.

    Attributes:
        kinds: The accepted `rope_type`s: of "linear", "yarn", "llama3" and "longrope".
    """

    kinds: tuple[str, ...] = ()

    def metadata(self, config: ModelConfig) -> list[Entry]:
        """GGUF entries, with keys after the architecture's name; empty when positions are not scaled.

        Raises:
            InputError: The family's graph lacks the kind, or a setting is missing.
        """
        settings, kind = scaling(config)
        if kind == "default":
            return []
        if kind not in self.kinds:
            raise InputError(
                "rope scaling not supported",
                where=f"{config.where}: rope_scaling",
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        if kind == "linear":
            return [_entry("type", "str", "linear"), _entry("factor", "f32", settings.number("factor"))]
        if kind == "yarn":
            return _yarn(settings)
        if kind == "longrope":
            return [_entry("attn_factor", "f32", longrope_attention(config))]
        return []

    def tensors(self, config: ModelConfig) -> dict[str, FloatArray]:
        """The factor tensors that the GGUF needs, by name, each [rotary_dim / 2].

        Raises:
            InputError: A setting is missing, or a list of factors has another length.
        """
        settings, kind = scaling(config)
        if kind not in self.kinds:
            return {}
        if kind == "llama3":
            return {FREQS: llama3_factors(config, settings)}
        if kind == "longrope":
            pairs = ((LONG, "long_factor"), (SHORT, "short_factor"))
            return {name: _listed_factors(config, settings, key) for name, key in pairs}
        return {}

    def config(self, gguf: GgufFile, factors: Mapping[str, Sequence[float]]) -> JsonObject:
        """config.json's `rope_scaling` from a GGUF; empty when positions are not scaled.

        Args:
            gguf: The file, whose metadata is read.
            factors: The values of the factor tensors that the GGUF has, by name.

        Raises:
            InputError: The family's graph lacks the kind, or config.json cannot express the factors.
        """
        prefix = "{arch}.rope.scaling."
        kind = gguf.text(prefix + "type", default="none")
        if LONG in factors and SHORT in factors:
            lists = {"long_factor": factors[LONG], "short_factor": factors[SHORT]}
            return {"rope_scaling": {"type": "longrope", "rope_type": "longrope", **lists}}
        if FREQS in factors:
            base = gguf.number("{arch}.rope.freq_base", default=10000.0)
            return {"rope_scaling": self._published(base, factors[FREQS])}
        if kind == "none":
            return {}
        if kind not in self.kinds or kind not in ("linear", "yarn"):
            raise InputError(
                "rope scaling not supported",
                where=f"{gguf.path}: {gguf.architecture}.rope.scaling.type",
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        factor = gguf.number(prefix + "factor")
        settings: dict[str, Json] = {"type": kind, "rope_type": kind, "factor": factor}
        if kind == "yarn":
            if gguf.get(prefix + "original_context_length") is not None:
                original = gguf.integer(prefix + "original_context_length")
                settings["original_max_position_embeddings"] = original
            for key in ("beta_fast", "beta_slow"):
                if gguf.get(f"{prefix}yarn_{key}") is not None:
                    settings[key] = gguf.number(f"{prefix}yarn_{key}")
            if gguf.get(prefix + "attn_factor") is not None:
                settings["attention_factor"] = gguf.number(prefix + "attn_factor") * yarn_attention(factor)
        return {"rope_scaling": settings}

    def _published(self, base: float, factors: Sequence[float]) -> JsonObject:
        """The `rope_scaling` of every published Llama 3.1, 3.2 and 3.3, if it gives these factors.

        GGUF has no keys for Llama 3's settings, only the factors that follow from them.
        """
        settings: JsonObject = {
            "rope_type": "llama3",
            "factor": float(max(factors)),
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        }
        sizes = {"num_attention_heads": 1, "hidden_size": 2 * len(factors)}
        config = ModelConfig({**sizes, "rope_theta": base, "rope_scaling": settings}, FREQS)
        if "llama3" not in self.kinds or not np.allclose(
            llama3_factors(config, config.section("rope_scaling")), factors, rtol=1e-3
        ):
            raise InputError(
                "rope factors of unknown settings",
                where=FREQS,
                expected="those of Llama 3.1, 3.2 or 3.3, or a file with t2sql.config",
            )
        return settings


UNSCALED = Rope()


def _entry(name: str, type_name: str, value: str | int | float) -> Entry:
    return Entry(f"rope.scaling.{name}", type_name, value)


def _listed_factors(config: ModelConfig, settings: CheckedJson, key: str) -> FloatArray:
    """LongRoPE's factors as config.json lists them, one for each rotated pair of dimensions."""
    return np.array(settings.numbers(key, rotary_dim(config) // 2), dtype=np.float32)


def _yarn(settings: CheckedJson) -> list[Entry]:
    """YaRN's settings as GGUF entries."""
    factor = settings.number("factor")
    for key in ("mscale", "mscale_all_dim"):
        if settings.number(key, default=0.0, least=-MAX_F32):
            raise settings.refusal(key, f"yarn without {key}")
    entries = [
        _entry("type", "str", "yarn"),
        _entry("factor", "f32", factor),
        _entry("original_context_length", "u32", settings.integer("original_max_position_embeddings")),
    ]
    for key in ("beta_fast", "beta_slow"):
        if settings.has(key):
            entries.append(_entry(f"yarn_{key}", "f32", settings.number(key)))
    if settings.has("attention_factor"):
        # llama.cpp multiplies this by what the factor alone gives (`yarn_attn_factor` in llama-context.cpp).
        entries.append(
            _entry("attn_factor", "f32", settings.number("attention_factor") / yarn_attention(factor))
        )
    return entries
