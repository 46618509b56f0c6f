"""The matrices that get more bits than the rest of a file: llama-quantize's choices, tensor by tensor.

The rules are those of `llama_tensor_get_type_impl` in llama-quant.cpp of llama.cpp (0c1e570, of November
2026) for models without experts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from t2sql.gguf.ggml_types import FileType, GgmlType, type_named

_BLOCK = re.compile(r"blk\.(\d+)\.")
_VALUES = ("attn_v.weight", "attn_qkv.weight")
"""Matrices whose errors cost most in attention: those of the values, alone or with queries and keys."""

_WITH_MINIMA = {"q4_0": "q4_1", "q5_0": "q5_1"}
"""What takes the place of a type in the first layers' `ffn_down` with an importance matrix."""


def mixed_types(
    shapes: Mapping[str, Sequence[int]], target: FileType, chosen: Iterable[str], has_importance: bool = False
) -> dict[str, GgmlType]:
    """The types of the matrices that are not of the file's main type.

    Args:
        shapes: The shape of every tensor by GGUF name, row-major.
        target: The type of the file.
        chosen: The names of tensors whose types a user has chosen: llama-quantize does not count them among
            a model's layers.
        has_importance: Whether an importance matrix is used: Q4_0 and Q5_0 files then have minima in
            `ffn_down` of the first eighth of the layers.

    Returns:
        GGUF name -> type.
    """
    types = {head_of(shapes): _head_type(target)}
    chosen = set(chosen)
    names = sorted(shapes, key=lambda name: (_block_of(name), name))
    values = [name for name in names if name.endswith(_VALUES)]
    counted_values = [name for name in values if name not in chosen]
    for index, name in enumerate(counted_values):
        types[name] = _values_type(target, index, len(values), shapes)
    blocks = max((_block_of(name) for name in names), default=-1) + 1
    downs = [name for name in names if "ffn_down" in name and name.endswith("weight") and name not in chosen]
    for index, name in enumerate(downs):
        types[name] = _down_type(target, index, blocks, has_importance)
    return types


def head_of(shapes: Iterable[str]) -> str:
    """The matrix that makes the logits: the embedding, where the two are tied."""
    return "output.weight" if "output.weight" in shapes else "token_embd.weight"


def _head_type(target: FileType) -> GgmlType:
    """Q8_0 for Q4_0 and Q4_1, where llama-quantize takes Q6_K: MLX reads it without dequantizing."""
    if target.name in ("q4_0", "q4_1"):
        return type_named("q8_0")
    if target.matrices.quantized and target.name != "q8_0":
        return type_named("q6_K")
    return target.matrices


def _values_type(target: FileType, index: int, count: int, shapes: Mapping[str, Sequence[int]]) -> GgmlType:
    kind = target.matrices
    if target.name.endswith("_m") and _gets_more_bits(index, count):
        return type_named("q6_K")
    if target.name == "q4_k_s" and index < 4:
        kind = type_named("q5_K")
    if kind.name == "q4_K" and _is_70b(shapes):
        kind = type_named("q5_K")
    return kind


def _down_type(target: FileType, index: int, blocks: int, has_importance: bool) -> GgmlType:
    if target.name.endswith("_m") and _gets_more_bits(index, blocks):
        return type_named("q6_K")
    if index < blocks // 8:
        if target.name == "q4_k_s":
            return type_named("q5_K")
        if has_importance and target.name in _WITH_MINIMA:
            return type_named(_WITH_MINIMA[target.name])
    return target.matrices


def _gets_more_bits(index: int, count: int) -> bool:
    """Whether a layer is one of the first or last eighth, or of every third between (`use_more_bits`)."""
    return index < count // 8 or index >= 7 * count // 8 or (index - count // 8) % 3 == 2


def _is_70b(shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether the model has the shape of Llama 2 70B: 80 blocks whose heads share keys and values."""
    query, key = shapes.get("blk.79.attn_q.weight"), shapes.get("blk.79.attn_k.weight")
    last = "blk.80.attn_q.weight" not in shapes
    return query is not None and key is not None and query[0] != key[0] and last


def _block_of(name: str) -> int:
    """The number of a tensor's block; -1 for one that is in none."""
    match = _BLOCK.match(name)
    return int(match[1]) if match else -1
