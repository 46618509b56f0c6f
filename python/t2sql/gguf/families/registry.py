"""The families that convert and import know, found by architecture."""

from __future__ import annotations

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.gemma2 import FAMILY as GEMMA2
from t2sql.gguf.families.gemma3 import FAMILY as GEMMA3
from t2sql.gguf.families.llama import FAMILY as LLAMA
from t2sql.gguf.families.mistral import FAMILY as MISTRAL
from t2sql.gguf.families.phi3 import FAMILY as PHI3
from t2sql.gguf.families.qwen2 import FAMILY as QWEN2
from t2sql.gguf.families.qwen3 import FAMILY as QWEN3

# Where several families share a GGUF architecture, a file is imported as the first of them.
FAMILIES: tuple[Family, ...] = (LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA2, GEMMA3, PHI3)


def supported_architectures() -> list[str]:
    """The class names in config.json's `architectures` that can be converted, sorted."""
    return sorted(name for family in FAMILIES for name in family.hf_architectures)


def by_hf_architecture(name: str, where: object) -> Family:
    """The family of a class name in config.json's `architectures`.

    Args:
        name: The class name, such as "LlamaForCausalLM".
        where: The file that states it, for the error.

    Raises:
        InputError: No family has it.
    """
    for family in FAMILIES:
        if name in family.hf_architectures:
            return family
    raise InputError(
        "architecture not supported",
        where=where,
        expected=" or ".join(supported_architectures()),
        found=name,
    )


def by_gguf_architecture(name: str, where: object) -> Family:
    """The family of a GGUF's `general.architecture`.

    Args:
        name: The architecture, such as "llama".
        where: The file that states it, for the error.

    Raises:
        InputError: No family has it.
    """
    for family in FAMILIES:
        if name == family.gguf_architecture:
            return family
    raise InputError(
        "GGUF architecture not supported",
        where=where,
        expected=" or ".join(sorted({family.gguf_architecture for family in FAMILIES})),
        found=name or "none",
    )
