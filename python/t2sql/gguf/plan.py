"""Which type each tensor gets: llama-quantize's choices, with Q8_0 where it would take Q6_K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.gguf.overrides import check_used, compile_overrides
from t2sql.gguf.types import GgmlType, type_named


@dataclass(frozen=True)
class TypePlan:
    types: Mapping[str, str]
    warnings: tuple[str, ...]


def plan_types(
    shapes: Mapping[str, Sequence[int]],
    type: str,
    *,
    pure: bool = False,
    output_type: str | None = None,
    embedding_type: str | None = None,
    tensor_types: Mapping[str, str] | None = None,
) -> TypePlan:
    """A type for every GGUF tensor name.

    One-dimensional tensors and norms stay float32. The matrix that makes the logits (`output.weight`, or
    `token_embd.weight` when it is tied) is Q8_0 where the rest is 4 bits, unless `pure`: four bits cost most
    there. `tensor_types` (regular expression -> type) beat every rule; the first that is found in a name
    counts. A row that no block type can hold is float16, and said.
    """
    target = type_named(type)
    output = type_named(output_type) if output_type else None
    embedding = type_named(embedding_type) if embedding_type else None
    overrides = compile_overrides(tensor_types or {})
    check_used(overrides, [name for name, shape in shapes.items() if not keeps_precision(name, shape)])
    head = "output.weight" if "output.weight" in shapes else "token_embd.weight"
    types: dict[str, str] = {}
    warnings: list[str] = []
    for name, shape in shapes.items():
        wanted = target
        if keeps_precision(name, shape):
            types[name] = "f32"
            continue
        chosen = next((o.type for o in overrides if o.pattern.search(name)), None)
        if chosen is not None:
            wanted = chosen
        elif name == "token_embd.weight" and embedding is not None:
            wanted = embedding
        elif name == head and output is not None:
            wanted = output
        elif name == head and target.four_bits and not pure:
            wanted = type_named("q8_0")
        types[name] = _fitting(name, shape, wanted, warnings)
    return TypePlan(types, tuple(warnings))


def keeps_precision(name: str, shape: Sequence[int]) -> bool:
    """Tensors too small and too sensitive to be worth fewer bits."""
    return (
        len(shape) < 2
        or not name.endswith("weight")
        or name.endswith("_norm.weight")
        or "ffn_gate_inp" in name
    )


def _fitting(name: str, shape: Sequence[int], wanted: GgmlType, warnings: list[str]) -> str:
    if shape[-1] % wanted.block == 0:
        return wanted.name
    warnings.append(
        f"{name}: rows of {shape[-1]} values are not a multiple of {wanted.block}, kept as f16 "
        f"instead of {wanted.name}"
    )
    return "f16"
