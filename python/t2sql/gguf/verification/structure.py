"""Structure: every tensor is there with its shape, and the settings are as the config says."""

from __future__ import annotations

import math

from t2sql.gguf.container import GgufFile
from t2sql.gguf.families import Family
from t2sql.gguf.families.rope import FACTOR_TENSORS
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.verification.result import Check


def check_structure(
    directory: HfDirectory, family: Family, names: dict[str, str], gguf: GgufFile
) -> list[Check]:
    return [
        _architecture(family, gguf),
        _tensors(names, gguf),
        _shapes(directory, names, gguf),
        _settings(directory, family, gguf),
    ]


def _architecture(family: Family, gguf: GgufFile) -> Check:
    expected = family.gguf_architecture
    return Check("structure/architecture", gguf.architecture == expected, gguf.architecture, expected)


def _tensors(names: dict[str, str], gguf: GgufFile) -> Check:
    missing = sorted(set(names) - set(gguf.tensors))
    extra = sorted(set(gguf.tensors) - set(names) - set(FACTOR_TENSORS))
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


def _settings(directory: HfDirectory, family: Family, gguf: GgufFile) -> Check:
    wrong = []
    for key in family.keys:
        expected = directory.config.get(key.config)
        found = gguf.get("{arch}." + key.gguf)
        if expected is None or (found is None and not key.required):
            continue
        if found is None or not math.isclose(float(expected), float(found), rel_tol=1e-6):
            wrong.append(f"{key.gguf} is {found}, {key.config} is {expected}")
    for key_name in ("tokenizer.ggml.model", "tokenizer.ggml.tokens"):
        if gguf.get(key_name) is None:
            wrong.append(f"{key_name} is missing")
    return Check("structure/settings", not wrong, len(wrong), 0, "; ".join(wrong[:3]))
