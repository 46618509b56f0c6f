"""Model families: one declarative module each. A new family is a new file and a line in `_MODULES`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family

_MODULES = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3")


@cache
def families() -> tuple[Family, ...]:
    return tuple(import_module(f"{__name__}.{module}").FAMILY for module in _MODULES)


def supported_architectures() -> list[str]:
    return sorted(name for family in families() for name in family.hf_architectures)


def by_hf_architecture(name: str, where: object) -> Family:
    for family in families():
        if name in family.hf_architectures:
            return family
    raise InputError(
        "architecture not supported",
        where=where,
        expected=" or ".join(supported_architectures()),
        found=name,
    )


def by_gguf_architecture(name: str, where: object) -> Family:
    for family in families():
        if name == family.gguf_architecture:
            return family
    raise InputError(
        "GGUF architecture not supported",
        where=where,
        expected=" or ".join(sorted({family.gguf_architecture for family in families()})),
        found=name or "none",
    )


__all__ = ["Family", "by_gguf_architecture", "by_hf_architecture", "families", "supported_architectures"]
