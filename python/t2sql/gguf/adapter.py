"""A LoRA adapter, in mlx-lm's format or PEFT's, as a GGUF that llama.cpp applies to its base at run time.

The file is what llama.cpp's convert_lora_to_gguf.py writes: for each adapted matrix of the base a
`NAME.lora_a` [rank, inputs] and a `NAME.lora_b` [outputs, rank].
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
from safetensors.numpy import save_file

from t2sql._core import TensorPlan
from t2sql.adapters import (
    WEIGHTS,
    AdapterConfig,
    check_adapter_not_fused,
    fused_adapters,
    identify_adapter,
    read_adapter_config,
)
from t2sql.bounds import check_names
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.gguf.adapter_changes import AdapterChanges, LowRank
from t2sql.gguf.adapter_file import BASE_ADAPTERS_KEY, BASE_KEY, fingerprint
from t2sql.gguf.adapter_weights import read_changes
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.entries import Entry
from t2sql.gguf.ggml_types import QUANTIZATION_VERSION, GgmlType, type_named
from t2sql.gguf.metadata import adapter_entries
from t2sql.gguf.options import OutputOptions
from t2sql.gguf.plan import FilePlan, plan_tensor
from t2sql.gguf.source_model import SourceModel, read_model
from t2sql.gguf.writing import ConvertResult, write_files
from t2sql.progress import Progress
from t2sql.prompt import DEFAULT_FORMAT

_HINT_FUSE = "Fuse it into its model instead: t2sql fuse, or t2sql convert DIR OUT.gguf --adapter A"


@dataclass(frozen=True)
class AdapterOptions:
    """The options of `convert_adapter`.

    Attributes:
        type: The ggml type of the matrices: f32, f16 or bf16.
        trained_on: The directory of the model that the adapter was trained on, where the caller has it:
            another model as base is then refused.
        min_logprob: The log-probability under which the tuned model's answers are uncertain; None when it is
            not known.
        grammar: The grammar that the tuned model's answers need, "narrow" or "wide"; None when it is not
            known.
        force: Replace an output that exists.
    """

    type: str = "f32"
    trained_on: Path | None = None
    min_logprob: float | None = None
    grammar: str | None = None
    force: bool = False


class AdapterKeywords(TypedDict, total=False):
    """The fields of `AdapterOptions` as keywords."""

    type: str
    trained_on: Path | None
    min_logprob: float | None
    grammar: str | None
    force: bool


def _fingerprint(model: SourceModel) -> str:
    """The fingerprint of the GGUF that a conversion of the directory writes."""
    norm = model.tensors["output_norm.weight"].float32()
    return fingerprint(norm + norm.dtype.type(model.family.offset("output_norm.weight")))


def convert_adapter(
    base: Path,
    adapter: Path,
    out: Path,
    options: AdapterOptions = AdapterOptions(),
    *,
    progress: Progress | None = None,
    **changes: Unpack[AdapterKeywords],
) -> ConvertResult:
    """Write a LoRA adapter as a GGUF adapter; nothing is written unless every matrix fits the model.

    Args:
        base: The directory of the model that the adapter will be applied to.
        adapter: The adapter's directory, in mlx-lm's format or PEFT's.
        out: The GGUF file to write.
        options: How to convert.
        progress: Counts bytes of the source.
        **changes: Fields of `AdapterOptions` that replace those of `options`.

    Raises:
        InputError: The adapter is no LoRA adapter, does not belong to the model or is in its weights already,
            or the output exists.
        WorkError: The adapter has no effect, or writing failed.
    """
    started = time.perf_counter()
    check_names("convert_adapter", changes, AdapterKeywords.__annotations__)
    options = replace(options, **changes)
    target = type_named(options.type)
    if target.quantized:
        raise InputError(
            "type not supported for an adapter",
            expected="f32, f16 or bf16",
            found=options.type,
            hint="Its matrices are small, and errors in them multiply",
        )
    out, adapter = Path(out), Path(adapter)
    check_free(out, force=options.force)
    config = read_adapter_config(adapter)
    if config.fine_tune_type != "lora":
        raise _no_gguf_form(adapter, "lora", config.fine_tune_type)
    model = read_model(base)
    check_adapter_not_fused(adapter, config, model.directory.path)
    if options.trained_on is not None:
        _check_base(read_model(options.trained_on), model, adapter)
    read = read_changes(adapter, model.directory, config)
    pairs = _pairs_of(adapter, read)
    read.check_effect(adapter)
    warnings = []
    if config.base_bits:
        warnings.append(
            f"the adapter was trained on its base at {config.base_bits} bits: "
            "on other weights its effect differs a little"
        )
    with tempfile.TemporaryDirectory(prefix="t2sql-adapter-") as folder:
        # llama.cpp multiplies by alpha / rank, with one alpha for all matrices.
        alpha = pairs[0].scale * pairs[0].rank
        tensors = _plan_matrices(pairs, alpha, Path(folder) / WEIGHTS, model, target)
        metadata = _metadata(adapter, config, alpha, model, target)
        if options.min_logprob is not None:
            metadata.append(Entry("t2sql.min_logprob", "f32", options.min_logprob))
        if options.grammar is not None:
            metadata.append(Entry("t2sql.grammar", "str", options.grammar))
        plan = FilePlan(out, metadata, tensors)
        write = OutputOptions(force=options.force)
        return write_files([plan], write, started=started, warnings=warnings, progress=progress)


def _pairs_of(adapter: Path, changes: AdapterChanges) -> list[LowRank]:
    """The products of an adapter that consists of nothing else."""
    if changes.whole:
        raise _no_gguf_form(
            adapter, "matrices lora_a and lora_b", f"whole tensors, such as {min(changes.whole)}"
        )
    for pair in changes.low_rank.values():
        if pair.is_embedding:
            raise InputError(
                "an adapter of the token embedding has no GGUF form",
                where=adapter,
                found=pair.module,
                hint=_HINT_FUSE,
            )
    return list(changes.low_rank.values())


def _no_gguf_form(adapter: Path, expected: str, found: str) -> InputError:
    return InputError(
        "the adapter has no GGUF form", where=adapter, expected=expected, found=found, hint=_HINT_FUSE
    )


def _check_base(trained_on: SourceModel, base: SourceModel, adapter: Path) -> None:
    """Refuse an adapter that was trained on another model than `base`."""
    if _fingerprint(trained_on) != _fingerprint(base):
        raise InputError(
            "the adapter belongs to another model",
            where=adapter,
            expected=f"--base {trained_on.directory.path}, which it was trained on",
            found=base.directory.path,
        )


def _metadata(
    adapter: Path, config: AdapterConfig, alpha: float, base: SourceModel, target: GgmlType
) -> list[Entry]:
    inside = [identity.fingerprint for identity in fused_adapters(base.directory.config.document)]
    return [
        Entry("general.architecture", "str", base.family.gguf_architecture),
        Entry("general.type", "str", "adapter"),
        Entry("general.name", "str", "/".join(adapter.resolve().parts[-3:])),
        Entry("general.file_type", "u32", target.file_type),
        Entry("general.quantization_version", "u32", QUANTIZATION_VERSION),
        Entry("adapter.type", "str", "lora"),
        Entry("adapter.lora.alpha", "f32", alpha),
        Entry("t2sql.prompt_format", "str", config.prompt_format or DEFAULT_FORMAT.name),
        Entry(BASE_KEY, "str", _fingerprint(base)),
        *adapter_entries([identify_adapter(adapter)]),
        Entry(BASE_ADAPTERS_KEY, "str", ",".join(inside)),
    ]


def _plan_matrices(
    pairs: Sequence[LowRank], alpha: float, file: Path, base: SourceModel, target: GgmlType
) -> list[TensorPlan]:
    """Store both matrices of every pair in `file` as llama.cpp has them; the returned plans read it.

    llama.cpp stores a matrix by its output rows. The rows of B also go into the order of the base's own rows;
    where a module's scale is another than alpha / rank, its B is multiplied by the ratio.
    """
    matrices: dict[str, np.ndarray] = {}
    heads: dict[str, int] = {}
    for pair in pairs:
        name = str(base.family.to_gguf(f"{pair.module}.weight"))
        ratio = np.float32(pair.scale * pair.rank / alpha)
        matrices[f"{name}.lora_a"] = np.ascontiguousarray(pair.right.float32())
        matrices[f"{name}.lora_b"] = np.ascontiguousarray(pair.left.float32() * ratio)
        heads[f"{name}.lora_b"] = base.family.heads(name, base.directory.config)
    save_file(matrices, file)
    stored = read_safetensors(file).tensors
    return [
        plan_tensor(name, stored[name], target.name, permute_heads=heads.get(name, 0)) for name in matrices
    ]
