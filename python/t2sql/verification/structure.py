"""Structure: every tensor is there with its shape, and the settings are those of config.json."""

from __future__ import annotations

import math
from collections.abc import Mapping

from t2sql.gguf import Family, GgufFile, HfDirectory, MetadataValue
from t2sql.verification.result import Check

# Stated by newer converters only; llama.cpp takes them from the tensors or from each other.
_DERIVED = ("vocab_size", "attention.key_length", "attention.value_length", "rope.dimension_count")


def check_structure(
    directory: HfDirectory,
    family: Family,
    names: Mapping[str, str],
    expected: Mapping[str, MetadataValue],
    gguf: GgufFile,
) -> list[Check]:
    """Compare the file's tensors and settings with the source's.

    Args:
        directory: The source.
        family: Its family.
        names: GGUF name -> Hugging Face name of all tensors.
        expected: The metadata that a conversion writes.
        gguf: The file.
    """
    architecture = family.gguf_architecture
    return [
        Check("structure/architecture", gguf.architecture == architecture, gguf.architecture, architecture),
        _check_tensors({*names, *family.computed(directory.config)}, gguf),
        _check_shapes(directory, names, gguf),
        _check_settings(directory, family, expected, gguf),
    ]


def _check_tensors(names: set[str], gguf: GgufFile) -> Check:
    missing = sorted(names - set(gguf.tensors))
    # A tied output matrix may be written out.
    extra = sorted(name for name in set(gguf.tensors) - names if name != "output.weight")
    detail = "; ".join(
        f"{word} {', '.join(some[:3])}" for word, some in (("missing", missing), ("extra", extra)) if some
    )
    return Check("structure/tensors", not (missing or extra), len(gguf.tensors), len(names), detail)


def _check_shapes(directory: HfDirectory, names: Mapping[str, str], gguf: GgufFile) -> Check:
    wrong = [
        f"{name} {list(gguf.tensors[name].shape)} instead of {list(directory.tensors[hf].shape)}"
        for name, hf in names.items()
        if name in gguf.tensors and gguf.tensors[name].shape != directory.tensors[hf].shape
    ]
    return Check("structure/shapes", not wrong, len(wrong), 0, "; ".join(wrong[:3]))


def _check_settings(
    directory: HfDirectory, family: Family, expected: Mapping[str, MetadataValue], gguf: GgufFile
) -> Check:
    """Check the architecture's keys; another converter may leave out those that a default implies."""
    prefix = f"{family.gguf_architecture}."
    implied: dict[str, MetadataValue] = {
        key.gguf: key.default for key in family.keys if key.default is not None
    }
    implied["attention.head_count_kv"] = directory.config.integer("num_attention_heads")
    wrong = []
    for key, value in expected.items():
        if not key.startswith(prefix):
            continue
        name = key.removeprefix(prefix)
        found = gguf.get(key)
        if found is None:
            found = implied.get(name, value if name in _DERIVED else None)
        if not _same(value, found):
            wrong.append(f"{name} is {'missing' if found is None else found}, not {value}")
    for key in ("tokenizer.ggml.model", "tokenizer.ggml.tokens"):
        if gguf.get(key) is None:
            wrong.append(f"{key} is missing")
    return Check("structure/settings", not wrong, len(wrong), 0, "; ".join(wrong[:3]))


def _same(expected: object, found: object) -> bool:
    """Whether two metadata values are equal, floats to the precision of float32."""
    if isinstance(expected, float) and isinstance(found, float | int):
        return math.isclose(expected, found, rel_tol=1e-6)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return bool(expected == found)
