"""Which type each tensor gets: llama-quantize's choices, with Q8_0 for Q6_K in files of Q4_0 and Q4_1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from t2sql.gguf.ggml_types import FileType, GgmlType, type_named
from t2sql.gguf.mixes import head_of, mixed_types
from t2sql.gguf.options import OutputOptions
from t2sql.gguf.overrides import Override, check_used, compile_overrides

_MOST_NAMED = 3
"""How many tensors of a warning are named."""


@dataclass(frozen=True)
class ChosenTypes:
    """A type for every tensor.

    Attributes:
        types: The tensor's GGUF name -> the name of its ggml type.
        warnings: Sentences that name the tensors that could not get the type that the rules give them.
    """

    types: Mapping[str, str]
    warnings: Sequence[str]


def plan_types(shapes: Mapping[str, Sequence[int]], target: FileType, options: OutputOptions) -> ChosenTypes:
    """Choose the type of every tensor.

    One-dimensional tensors and norms are float32. Unless `options.pure`, the matrix that makes the logits
    (`output.weight`, or `token_embd.weight` when the two are tied) has more bits than the rest, and in the
    mixes of K-quants so have some layers (`mixed_types`). `options.tensor_types`, `embedding_type` and
    `output_type` override that, in this order. A matrix whose rows are not whole blocks of its type gets the
    type that llama-quantize takes then, of blocks of 32, and float16 where it is not whole blocks of that
    either; both are reported.

    Args:
        shapes: The shape of every tensor by GGUF name, row-major.
        target: The type of the file.
        options: The overriding types.

    Raises:
        InputError: A type is unknown, or an expression of `tensor_types` does not parse or matches nothing.
    """
    overrides = compile_overrides(options.tensor_types or {})
    matrices = [name for name, shape in shapes.items() if not keeps_precision(name, shape)]
    check_used(overrides, matrices)
    chosen = {name: override for name in matrices if (override := _override(overrides, name)) is not None}
    by_name = _named_types(shapes, target, options, chosen)
    types: dict[str, str] = {}
    replaced: dict[tuple[str, str], list[str]] = {}
    warnings: list[str] = []
    for name, shape in shapes.items():
        if keeps_precision(name, shape):
            types[name] = "f32"
            continue
        wanted = chosen.get(name) or by_name.get(name, target.matrices)
        types[name] = _fitting(wanted, shape[-1])
        if types[name] == "f16" and wanted.quantized:
            warnings.append(
                f"{name}: rows of {shape[-1]} values are not a multiple of 32, kept as f16 "
                f"instead of {wanted.name}"
            )
        elif types[name] != wanted.name:
            replaced.setdefault((wanted.name, types[name]), []).append(name)
    return ChosenTypes(types, [*warnings, *_sentences(replaced, shapes)])


def keeps_precision(name: str, shape: Sequence[int]) -> bool:
    """Whether a tensor is too small and too sensitive to be worth fewer bits: vectors, norms, routers."""
    return (
        len(shape) < 2
        or not name.endswith("weight")
        or name.endswith("_norm.weight")
        or "ffn_gate_inp" in name
    )


def _fitting(wanted: GgmlType, columns: int) -> str:
    """The name of a type, or of what takes its place for rows that are not whole blocks of it."""
    if columns % wanted.block == 0:
        return wanted.name
    if wanted.fallback is not None and columns % type_named(wanted.fallback).block == 0:
        return wanted.fallback
    return "f16"


def _sentences(
    replaced: Mapping[tuple[str, str], Sequence[str]], shapes: Mapping[str, Sequence[int]]
) -> list[str]:
    """One sentence for each type that matrices could not have."""
    sentences = []
    for (wanted, taken), names in replaced.items():
        columns = sorted({shapes[name][-1] for name in names})
        rows = " or ".join(str(count) for count in columns)
        matrices = f"{len(names)} matrices are" if len(names) > 1 else "1 matrix is"
        named = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
        sentences.append(
            f"{matrices} {taken} instead of {wanted}, as llama-quantize has it: rows of {rows} values are "
            f"not a multiple of {type_named(wanted).block} ({named})"
        )
    return sentences


def _named_types(
    shapes: Mapping[str, Sequence[int]],
    target: FileType,
    options: OutputOptions,
    chosen: Mapping[str, GgmlType],
) -> dict[str, GgmlType]:
    """The types of the matrices that are not of the file's main type."""
    types = {} if options.pure else mixed_types(shapes, target, chosen, options.imatrix is not None)
    if options.output_type:
        types[head_of(shapes)] = type_named(options.output_type)
    if options.embedding_type:
        types["token_embd.weight"] = type_named(options.embedding_type)
    return types


def _override(overrides: Sequence[Override], name: str) -> GgmlType | None:
    return next((override.type for override in overrides if override.pattern.search(name)), None)
