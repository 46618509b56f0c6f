"""Scaled rotary positions: config.json's settings as GGUF keys and factor tensors, and the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    import numpy as np

# GGUF names of tensors that hold a factor for each rotated pair of dimensions.
FREQS = "rope_freqs.weight"
LONG, SHORT = "rope_factors_long.weight", "rope_factors_short.weight"
FACTOR_TENSORS = (FREQS, LONG, SHORT)
_WHERE = "config.json: rope_scaling"


@dataclass(frozen=True)
class Rope:
    """The kinds of scaling that a family's graph has in llama.cpp."""

    kinds: tuple[str, ...] = ()

    def metadata(self, config: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
        """GGUF keys after the architecture's name; a kind that the family cannot have is refused."""
        settings, kind = scaling(config)
        if kind == "default":
            return []
        if kind not in self.kinds:
            raise InputError(
                "rope scaling not supported",
                where=_WHERE,
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        if kind == "linear":
            return [_entry("type", "str", "linear"), _entry("factor", "f32", _number(settings, "factor"))]
        if kind == "yarn":
            return _yarn(settings)
        if kind == "longrope":
            return [_entry("attn_factor", "f32", _longrope_attention(config))]
        return []

    def tensors(self, config: Mapping[str, Any]) -> dict[str, np.ndarray]:
        import numpy as np

        settings, kind = scaling(config)
        if kind not in self.kinds:
            return {}
        if kind == "llama3":
            return {FREQS: _llama3(config, settings)}
        if kind == "longrope":
            made = {}
            for name, key in ((LONG, "long_factor"), (SHORT, "short_factor")):
                factors = settings.get(key)
                if not isinstance(factors, list) or len(factors) != rotated(config) // 2:
                    raise InputError(
                        "rope factors contradict the head size",
                        where=f"{_WHERE}.{key}",
                        expected=f"{rotated(config) // 2} numbers",
                        found=len(factors) if isinstance(factors, list) else factors,
                    )
                made[name] = np.array(factors, dtype=np.float32)
            return made
        return {}

    def config(
        self, arch: str, metadata: Mapping[str, Any], factors: Mapping[str, list[float]]
    ) -> dict[str, Any]:
        """`rope_scaling` from a GGUF's keys and factor tensors; empty when positions are not scaled."""
        base = float(metadata.get(f"{arch}.rope.freq_base", 10000.0))

        def get(name: str) -> Any:
            return metadata.get(f"{arch}.rope.scaling.{name}")

        kind = get("type") or "none"
        if LONG in factors and SHORT in factors:
            lists = {"long_factor": factors[LONG], "short_factor": factors[SHORT]}
            return {"rope_scaling": {"type": "longrope", "rope_type": "longrope", **lists}}
        if FREQS in factors:
            return {"rope_scaling": self._published(base, factors[FREQS])}
        if kind == "none":
            return {}
        if kind not in self.kinds or kind not in ("linear", "yarn"):
            raise InputError(
                "rope scaling not supported",
                where=f"{arch}.rope.scaling.type",
                expected=" or ".join(("none", *self.kinds)),
                found=kind,
            )
        made = {"type": kind, "rope_type": kind, "factor": get("factor")}
        if kind == "yarn":
            optional = {
                "original_max_position_embeddings": get("original_context_length"),
                "beta_fast": get("yarn_beta_fast"),
                "beta_slow": get("yarn_beta_slow"),
            }
            if get("attn_factor") is not None:
                optional["attention_factor"] = get("attn_factor") * _yarn_attention(made["factor"])
            made.update({key: value for key, value in optional.items() if value is not None})
        return {"rope_scaling": made}

    def _published(self, base: float, factors: list[float]) -> dict[str, Any]:
        """Llama 3's settings, for which GGUF has no keys: those of every published model, if they fit."""
        import numpy as np

        settings = {
            "rope_type": "llama3",
            "factor": float(max(factors)),
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        }
        config = {"rope_theta": base, "head_dim": 2 * len(factors), "rope_scaling": settings}
        if "llama3" not in self.kinds or not np.allclose(_llama3(config, settings), factors, rtol=1e-3):
            raise InputError(
                "rope factors of unknown settings",
                where=FREQS,
                expected="those of Llama 3.1, 3.2 or 3.3, or a file with t2sql.config",
            )
        return settings


UNSCALED = Rope()


def scaling(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The settings of scaled positions and their kind, `default` when there are none."""
    settings = config.get("rope_scaling") or {}
    kind = str(settings.get("rope_type", settings.get("type", "default"))).lower()
    return settings, {"su": "longrope", "none": "default"}.get(kind, kind)


def rotated(config: Mapping[str, Any]) -> int:
    """Dimensions of a head that are rotated."""
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return int(head * float(config.get("partial_rotary_factor") or 1.0))


def original_length(config: Mapping[str, Any]) -> int:
    """The context that the model had before its positions were scaled."""
    settings, _ = scaling(config)
    for place in (config, settings):
        if place.get("original_max_position_embeddings"):
            return int(place["original_max_position_embeddings"])
    return int(config["max_position_embeddings"])


def _entry(name: str, type: str, value: Any) -> tuple[str, str, Any]:
    return f"rope.scaling.{name}", type, value


def _number(settings: Mapping[str, Any], key: str) -> float:
    value = settings.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError("rope scaling incomplete", where=_WHERE, expected=f"a positive {key}", found=value)
    return float(value)


def _yarn(settings: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    factor = _number(settings, "factor")
    for key in ("mscale", "mscale_all_dim"):
        if settings.get(key):
            raise InputError("rope scaling not supported", where=_WHERE, expected=f"yarn without {key}")
    original = int(_number(settings, "original_max_position_embeddings"))
    entries = [
        _entry("type", "str", "yarn"),
        _entry("factor", "f32", factor),
        _entry("original_context_length", "u32", original),
    ]
    for key in ("beta_fast", "beta_slow"):
        if settings.get(key) is not None:
            entries.append(_entry(f"yarn_{key}", "f32", _number(settings, key)))
    if settings.get("attention_factor") is not None:
        # llama.cpp multiplies by what the factor alone would give.
        given = _number(settings, "attention_factor") / _yarn_attention(factor)
        entries.append(_entry("attn_factor", "f32", given))
    return entries


def _yarn_attention(factor: float) -> float:
    return 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0


def _longrope_attention(config: Mapping[str, Any]) -> float:
    settings, _ = scaling(config)
    given = settings.get("attention_factor")
    if given is not None:
        return float(given)
    longest, original = float(config["max_position_embeddings"]), original_length(config)
    scale = longest / original
    return math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0


def _llama3(config: Mapping[str, Any], settings: Mapping[str, Any]) -> np.ndarray:
    """By how much each pair's frequency is divided: short waves not, long ones by `factor`."""
    import numpy as np

    factor, original = _number(settings, "factor"), _number(settings, "original_max_position_embeddings")
    low, high = _number(settings, "low_freq_factor"), _number(settings, "high_freq_factor")
    if low >= high:
        raise InputError(
            "rope scaling incomplete",
            where=_WHERE,
            expected="low_freq_factor below high_freq_factor",
            found=f"{low:g} and {high:g}",
        )
    dimensions = rotated(config)
    base = float(config.get("rope_theta") or 10000.0)
    waves = 2 * math.pi * base ** (np.arange(0, dimensions, 2, dtype=np.float64) / dimensions)
    smooth = (original / waves - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    factors = np.where(waves < original / high, 1.0, np.where(waves > original / low, factor, between))
    return factors.astype(np.float32)
