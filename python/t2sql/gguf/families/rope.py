"""Scaled rotary positions: config.json's settings as GGUF keys and factor tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.rope_scaling import (
    WHERE,
    llama3_factors,
    longrope_attention,
    positive,
    rotary_dim,
    scaling,
    yarn_attention,
)
from t2sql.gguf.hf_config import Config
from t2sql.gguf.tensors import FloatArray

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

    def metadata(self, config: Config) -> list[Entry]:
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
                where=WHERE,
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        if kind == "linear":
            return [_entry("type", "str", "linear"), _entry("factor", "f32", positive(settings, "factor"))]
        if kind == "yarn":
            return _yarn(settings)
        if kind == "longrope":
            return [_entry("attn_factor", "f32", longrope_attention(config))]
        return []

    def tensors(self, config: Config) -> dict[str, FloatArray]:
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

    def config(
        self, architecture: str, metadata: Mapping[str, Any], factors: Mapping[str, Sequence[float]]
    ) -> dict[str, Any]:
        """config.json's `rope_scaling` from a GGUF; empty when positions are not scaled.

        Args:
            architecture: `general.architecture`.
            metadata: The GGUF's metadata.
            factors: The values of the factor tensors that the GGUF has, by name.

        Raises:
            InputError: The family's graph lacks the kind, or config.json cannot express the factors.
        """

        def get(name: str) -> Any:
            return metadata.get(f"{architecture}.rope.scaling.{name}")

        kind = get("type") or "none"
        if LONG in factors and SHORT in factors:
            lists = {"long_factor": factors[LONG], "short_factor": factors[SHORT]}
            return {"rope_scaling": {"type": "longrope", "rope_type": "longrope", **lists}}
        if FREQS in factors:
            base = float(metadata.get(f"{architecture}.rope.freq_base", 10000.0))
            return {"rope_scaling": self._published(base, factors[FREQS])}
        if kind == "none":
            return {}
        if kind not in self.kinds or kind not in ("linear", "yarn"):
            raise InputError(
                "rope scaling not supported",
                where=f"{architecture}.rope.scaling.type",
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        settings = {"type": kind, "rope_type": kind, "factor": get("factor")}
        if kind == "yarn":
            optional = {
                "original_max_position_embeddings": get("original_context_length"),
                "beta_fast": get("yarn_beta_fast"),
                "beta_slow": get("yarn_beta_slow"),
            }
            if get("attn_factor") is not None:
                optional["attention_factor"] = get("attn_factor") * yarn_attention(settings["factor"])
            settings.update({key: value for key, value in optional.items() if value is not None})
        return {"rope_scaling": settings}

    def _published(self, base: float, factors: Sequence[float]) -> dict[str, Any]:
        """The `rope_scaling` of every published Llama 3.1, 3.2 and 3.3, if it gives these factors.

        GGUF has no keys for Llama 3's settings, only the factors that follow from them.
        """
        settings = {
            "rope_type": "llama3",
            "factor": float(max(factors)),
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        }
        config = {"rope_theta": base, "head_dim": 2 * len(factors), "rope_scaling": settings}
        if "llama3" not in self.kinds or not np.allclose(
            llama3_factors(config, settings), factors, rtol=1e-3
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


def _listed_factors(config: Config, settings: Config, key: str) -> FloatArray:
    """LongRoPE's factors as config.json lists them, one for each rotated pair of dimensions."""
    factors, count = settings.get(key), rotary_dim(config) // 2
    if not isinstance(factors, list) or len(factors) != count:
        raise InputError(
            "rope factors contradict the head size",
            where=f"{WHERE}.{key}",
            expected=f"{count} numbers",
            found=len(factors) if isinstance(factors, list) else factors,
        )
    return np.array(factors, dtype=np.float32)


def _yarn(settings: Config) -> list[Entry]:
    """YaRN's settings as GGUF entries."""
    factor = positive(settings, "factor")
    for key in ("mscale", "mscale_all_dim"):
        if settings.get(key):
            raise InputError("rope scaling not supported", where=WHERE, expected=f"yarn without {key}")
    entries = [
        _entry("type", "str", "yarn"),
        _entry("factor", "f32", factor),
        _entry("original_context_length", "u32", int(positive(settings, "original_max_position_embeddings"))),
    ]
    for key in ("beta_fast", "beta_slow"):
        if settings.get(key) is not None:
            entries.append(_entry(f"yarn_{key}", "f32", positive(settings, key)))
    if settings.get("attention_factor") is not None:
        # llama.cpp multiplies this by what the factor alone gives (`yarn_attn_factor` in llama-context.cpp).
        entries.append(
            _entry("attn_factor", "f32", positive(settings, "attention_factor") / yarn_attention(factor))
        )
    return entries
