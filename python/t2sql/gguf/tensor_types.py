"""Which type each tensor gets: llama-quantize's choices, with Q8_0 where it would take Q6_K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.gguf.ggml_types import GgmlType, type_named
from t2sql.gguf.options import OutputOptions
from t2sql.gguf.overrides import Override, check_used, compile_overrides


@dataclass(frozen=True)
class ChosenTypes:
    """A type for every tensor.

    Attributes:
        types: The tensor's GGUF name -> the name of its ggml type.
        warnings: One sentence for each tensor that could not get the type that the rules give it.
    """

    types: Mapping[str, str]
    warnings: Sequence[str]


def plan_types(shapes: Mapping[str, Sequence[int]], target: GgmlType, options: OutputOptions) -> ChosenTypes:
    """Choose the type of every tensor.

    One-dimensional tensors and norms are float32. The matrix that makes the logits (`output.weight`, or
    `token_embd.weight` when the two are tied) is Q8_0 in a four-bit file unless `options.pure`, because
    four bits cost most there; llama-quantize (`llama_tensor_get_type` in llama-quant.cpp) gives it Q6_K.
    `options.tensor_types`, `embedding_type` and `output_type` override that, in this order. A matrix whose
    rows are not whole blocks of its type falls back to float16 and is reported.

    Args:
        shapes: The shape of every tensor by GGUF name, row-major.
        target: The type of the file's matrices.
        options: The overriding types.

    Raises:
        InputError: A type is unknown, or an expression of `tensor_types` does not parse or matches nothing.
    """
    overrides = compile_overrides(options.tensor_types or {})
    check_used(overrides, [name for name, shape in shapes.items() if not keeps_precision(name, shape)])
    by_name = _named_types(shapes, target, options)
    types: dict[str, str] = {}
    warnings: list[str] = []
    for name, shape in shapes.items():
        if keeps_precision(name, shape):
            types[name] = "f32"
            continue
        wanted = _override(overrides, name) or by_name.get(name, target)
        if shape[-1] % wanted.block == 0:
            types[name] = wanted.name
            continue
        types[name] = "f16"
        warnings.append(
            f"{name}: rows of {shape[-1]} values are not a multiple of {wanted.block}, kept as f16 "
            f"instead of {wanted.name}"
        )
    return ChosenTypes(types, warnings)


def keeps_precision(name: str, shape: Sequence[int]) -> bool:
    """Whether a tensor is too small and too sensitive to be worth fewer bits: vectors, norms, routers."""
    return (
        len(shape) < 2
        or not name.endswith("weight")
        or name.endswith("_norm.weight")
        or "ffn_gate_inp" in name
    )


def _named_types(
    shapes: Mapping[str, Sequence[int]], target: GgmlType, options: OutputOptions
) -> dict[str, GgmlType]:
    """The types of the output matrix and of the embedding, where they are not the file's."""
    head = "output.weight" if "output.weight" in shapes else "token_embd.weight"
    types: dict[str, GgmlType] = {}
    if target.four_bits and not options.pure:
        types[head] = type_named("q8_0")
    if options.output_type:
        types[head] = type_named(options.output_type)
    if options.embedding_type:
        types["token_embd.weight"] = type_named(options.embedding_type)
    return types


def _override(overrides: Sequence[Override], name: str) -> GgmlType | None:
    return next((override.type for override in overrides if override.pattern.search(name)), None)
