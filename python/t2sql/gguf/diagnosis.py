"""What looks wrong with a model file or directory, as sentences for `t2sql inspect`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile, main_type
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.registry import by_gguf_architecture, by_hf_architecture
from t2sql.gguf.ggml_types import FILE_TYPES, file_type_named
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.importer import plan_import
from t2sql.gguf.metadata import metadata_of
from t2sql.gguf.runnable import problems
from t2sql.gguf.source_model import read_model


@dataclass(frozen=True)
class Diagnosis:
    """Which family a model is of, and what is wrong with it.

    Attributes:
        family: The family's `model_type`; "" when no family is known.
        warnings: Sentences.
    """

    family: str
    warnings: list[str]


def diagnose_gguf(file: GgufFile) -> Diagnosis:
    """Whether a file's metadata and tensors agree, and whether `import` would take it."""
    aborts = [f"llama.cpp cannot run it: {problem}" for problem in problems(file)]
    warnings = [*_tokenizer_warnings(file), *_layout_warnings(file), *aborts]
    return _try_family(
        lambda: by_gguf_architecture(file.architecture, file.path),
        lambda family: plan_import(file, family),
        warnings,
    )


def diagnose_directory(directory: HfDirectory) -> Diagnosis:
    """Whether `convert` would take a directory, and what it would warn of."""
    warnings: list[str] = []

    def check(family: Family) -> None:
        model = read_model(directory.path)
        family.computed(directory.config)
        metadata_of(model, file_type_named("f32"))
        warnings.extend(model.warnings)

    found = _try_family(
        lambda: by_hf_architecture(directory.architecture, directory.path / "config.json"), check, []
    )
    return replace(found, warnings=[*warnings, *found.warnings])


def _try_family(
    find: Callable[[], Family], check: Callable[[Family], object], warnings: list[str]
) -> Diagnosis:
    """Add the first reason why the model cannot be converted or imported to the warnings."""
    name = ""
    try:
        family = find()
        name = family.model_type
        check(family)
    except InputError as error:
        return Diagnosis(name, [*warnings, str(error)])
    return Diagnosis(name, warnings)


def _tokenizer_warnings(file: GgufFile) -> list[str]:
    tokens = file.texts("tokenizer.ggml.tokens")
    if not tokens:
        return ["no tokenizer: llama.cpp cannot load it"]
    warnings = []
    embedding = file.tensors.get("token_embd.weight")
    if embedding is not None and embedding.shape[0] != len(tokens):
        warnings.append(f"{len(tokens)} tokens, but token_embd.weight has {embedding.shape[0]} rows")
    for name in ("bos", "eos", "unknown", "padding", "eot"):
        number = file.get(f"tokenizer.ggml.{name}_token_id")
        if isinstance(number, int) and not 0 <= number < len(tokens):
            warnings.append(f"the id of {name} is {number}, but there are {len(tokens)} tokens")
    model, scores = file.get("tokenizer.ggml.model"), file.numbers("tokenizer.ggml.scores")
    if model == "gpt2" and not file.get("tokenizer.ggml.merges"):
        warnings.append("BPE tokenizer without merges")
    if model == "gpt2" and not file.get("tokenizer.ggml.pre"):
        warnings.append("BPE tokenizer without a pre-tokenizer name: llama.cpp will guess")
    if model == "llama" and scores and len(set(scores)) < 3:
        warnings.append("SPM tokenizer without real scores: texts will be split wrongly")
    return warnings


def _layout_warnings(file: GgufFile) -> list[str]:
    """Whether the stated number of blocks and the stated type are those of the tensors."""
    warnings = []
    blocks = file.get("{arch}.block_count")
    present = {name.split(".")[1] for name in file.tensors if name.startswith("blk.")}
    if blocks is not None and len(present) != blocks:
        warnings.append(f"block_count is {blocks}, but there are tensors of {len(present)} blocks")
    number, most = file.get("general.file_type"), main_type(file)
    stated = next((known for known in FILE_TYPES.values() if known.number == number), None)
    if stated and file.tensors and most not in (stated.matrices.name, stated.matrices.fallback):
        warnings.append(f"general.file_type says {stated.name}, most matrices are {most}")
    return warnings
