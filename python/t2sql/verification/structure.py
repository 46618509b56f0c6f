"""Structure: every tensor is there with its shape, and the settings are as the config says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from t2sql.gguf import Family, GgufFile, HfDirectory
from t2sql.verification.result import Check

# Stated by newer converters only; llama.cpp takes them from the tensors or from each other.
_DERIVED = ("vocab_size", "attention.key_length", "attention.value_length", "rope.dimension_count")


def check_structure(
    directory: HfDirectory,
    family: Family,
    names: dict[str, str],
    expected: Mapping[str, Any],
    gguf: GgufFile,
) -> list[Check]:
    """`expected`: the metadata that a conversion writes."""
    return [
        _architecture(family, gguf),
        _tensors({*names, *family.computed(directory.config)}, gguf),
        _shapes(directory, names, gguf),
        _settings(directory, family, expected, gguf),
    ]


def _architecture(family: Family, gguf: GgufFile) -> Check:
    expected = family.gguf_architecture
    return Check("structure/architecture", gguf.architecture == expected, gguf.architecture, expected)


def _tensors(names: set[str], gguf: GgufFile) -> Check:
    missing = sorted(names - set(gguf.tensors))
    extra = sorted(set(gguf.tensors) - names)
    # A tied output matrix may be written out.
    extra = [name for name in extra if name != "output.weight"]
    detail = "; ".join(
        f"{word} {', '.join(some[:3])}" for word, some in (("missing", missing), ("extra", extra)) if some
    )
    return Check("structure/tensors", not (missing or extra), len(gguf.tensors), len(names), detail)


def _shapes(directory: HfDirectory, names: dict[str, str], gguf: GgufFile) -> Check:
    wrong = [
        f"{name} {list(gguf.tensors[name].shape)} instead of {list(directory.tensors[hf].shape)}"
        for name, hf in names.items()
        if name in gguf.tensors and gguf.tensors[name].shape != directory.tensors[hf].shape
    ]
    return Check("structure/shapes", not wrong, len(wrong), 0, "; ".join(wrong[:3]))


def _settings(directory: HfDirectory, family: Family, expected: Mapping[str, Any], gguf: GgufFile) -> Check:
    """The architecture's keys, each as a conversion writes it; another converter may leave some out."""
    prefix = f"{family.gguf_architecture}."
    implied: dict[str, Any] = {key.gguf: key.default for key in family.keys if key.default is not None}
    implied["attention.head_count_kv"] = directory.config.get("num_attention_heads")
    wrong = []
    for key, value in expected.items():
        name = key.removeprefix(prefix)
        if not key.startswith(prefix):
            continue
        found = gguf.get(key, implied.get(name, value if name in _DERIVED else None))
        if not _same(value, found):
            wrong.append(f"{name} is {'missing' if found is None else found}, not {value}")
    for key in ("tokenizer.ggml.model", "tokenizer.ggml.tokens"):
        if gguf.get(key) is None:
            wrong.append(f"{key} is missing")
    return Check("structure/settings", not wrong, len(wrong), 0, "; ".join(wrong[:3]))


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float | int):
        return math.isclose(expected, found, rel_tol=1e-6)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return bool(expected == found)
