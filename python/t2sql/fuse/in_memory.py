"""Fusing in memory: bases that stay quantized, and models whose weights mlx-lm rearranges on loading."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from t2sql.errors import InputError
from t2sql.fuse.adding import add_adapters
from t2sql.fuse.directory import write_config, write_files, write_tokenizer, write_weights
from t2sql.fuse.probe import Probe, rms
from t2sql.fuse.result import (
    LOST,
    STEPS,
    FuseResult,
    Fusing,
    adapter_effect,
    lost_effect,
    note_on_loss,
)
from t2sql.models import (
    RUNTIME_BYTES,
    ModelRef,
    apply_adapter,
    check_memory,
    dequantize,
    flat,
    load_network,
    load_tokenizer,
    model_size,
)
from t2sql.plain import JsonObject
from t2sql.runtimes import Array, Module, mlx_lm, mx, policy, scalar


@dataclass(frozen=True)
class _Base:
    """The base model, loaded for fusing.

    Attributes:
        network: The model.
        config: Its config.json.
        stored: The type that most of its numbers are stored in.
        working: The type that logits are computed in.
        quantization: The settings that it stays quantized with; None when it is, or becomes, full.
    """

    network: Module
    config: JsonObject
    stored: mx.Dtype
    working: mx.Dtype
    quantization: JsonObject | None


@dataclass(frozen=True)
class _Written:
    """A fused directory and how it compares with base + adapter.

    Attributes:
        tensors: Number of tensors.
        dtype: The type of the numbers.
        max_error: The largest difference of a logit.
        lost: The fraction of the adapter's effect that is lost.
        limit: The most that may be lost.
    """

    tensors: int
    dtype: mx.Dtype
    max_error: float
    lost: float
    limit: float


def fuse_in_memory(fusing: Fusing, *, keep_quantized: bool) -> FuseResult:
    """Fuse as `fuse` does, with the model loaded twice.

    Args:
        fusing: What is fused and where it goes.
        keep_quantized: Keep a quantized base quantized.

    Raises:
        InputError: As `fuse`.
        WorkError: As `fuse`.
    """
    ref, adapter, folder, report = fusing.ref, fusing.adapter, fusing.folder, fusing.report
    check_fits_twice(ref, keep_quantized=keep_quantized)
    base = _load_base(ref.path, keep_quantized=keep_quantized)
    probe = Probe(load_tokenizer(ref.path, base.config), base.config)
    base_logits = probe.logits(base.network)
    report(1, STEPS, "base + adapter")
    network = _apply(base, adapter, ref.path)
    expected = probe.logits(network)
    effect = adapter_effect(base_logits, expected, adapter)
    report(2, STEPS, "adding")
    max_change = add_adapters(network, keep_quantized=keep_quantized)
    description = fusing.description(base.quantization)
    note = ""
    for dtype in _dtypes(base):
        report(3, STEPS, "writing")
        tensors = write_weights(network, folder, None if base.quantization else dtype)
        write_config(ref.path, folder, _name(dtype), description)
        write_files(ref.path, folder)
        write_tokenizer(folder, description.prompt_format, adds_bos=probe.adds_bos)
        written = _compare(folder, base, probe, expected, effect, dtype, tensors)
        if written.lost <= written.limit:
            break
        note = note_on_loss(_name(base.stored), written.lost)
    else:
        hint = "Leave out --keep-quantized" if keep_quantized else None
        raise lost_effect(fusing.out, written.lost, written.limit, hint)
    report(STEPS, STEPS, "done")
    return FuseResult(
        path=fusing.out,
        max_change=max_change,
        max_error=written.max_error,
        effect=effect,
        lost=written.lost,
        dtype=f"{base.quantization['bits']}-bit" if base.quantization else _name(written.dtype),
        tensors=written.tensors,
        note=note,
    )


def check_fits_twice(ref: ModelRef, *, keep_quantized: bool) -> None:
    """Refuse to fuse a model that does not fit in memory twice: beside its sum it is read again and compared.

    Args:
        ref: The base model.
        keep_quantized: As for `fuse`.

    Raises:
        WorkError: There is less memory.
    """
    size = model_size(ref)
    dtype = "float32" if _fits_float32(size.parameters) else "bfloat16"
    need = 2 * size.held(dtype, quantized=keep_quantized) + size.largest + RUNTIME_BYTES
    check_memory(
        need,
        what="fuse the adapter",
        where=ref.source,
        hint="It is not needed for asking: t2sql convert --adapter A OUT.gguf writes the adapter alone, and "
        "BASE.gguf+OUT.gguf is the tuned model.",
    )


def _load_base(path: Path, *, keep_quantized: bool) -> _Base:
    network, config = load_network(path)
    quantization = config.get("quantization")
    if keep_quantized and not quantization:
        raise InputError("the base model is not quantized", where=path, hint="Leave out --keep-quantized")
    stored = _stored_dtype(network)
    fits = _fits_float32(mlx_lm.get_total_parameters(network))
    working = mx.float32 if fits else stored
    if quantization and not keep_quantized:
        network = dequantize(network, working)
    elif not quantization:
        network.set_dtype(working)
    return _Base(network, config, stored, working, quantization if keep_quantized else None)


def _apply(base: _Base, adapter: Path, directory: Path) -> Module:
    """The base with the adapter's layers; where QLoRA quantized the base, it is full again."""
    config = apply_adapter(base.network, adapter, directory)
    network = dequantize(base.network, base.working) if config.base_bits else base.network
    network.eval()
    return network


def _dtypes(base: _Base) -> tuple[mx.Dtype, ...]:
    """The types to try for the weights, in order."""
    keeps_type = base.quantization is not None or base.stored == mx.float32
    return (base.stored,) if keeps_type else (base.stored, mx.float32)


def _compare(
    folder: Path,
    base: _Base,
    probe: Probe,
    expected: Array,
    effect: float,
    dtype: mx.Dtype,
    tensors: int,
) -> _Written:
    """Read a written directory again and compare its logits with those of base + adapter."""
    network, _ = load_network(folder)
    if base.quantization is None:
        network.set_dtype(base.working)
    error = probe.logits(network) - expected
    is_exact = dtype == base.working == mx.float32
    kind = "quantized" if base.quantization else "float32" if is_exact else "16-bit"
    return _Written(tensors, dtype, scalar(mx.abs(error).max()), rms(error) / effect, LOST[kind])


def _fits_float32(parameters: int) -> bool:
    """Whether a model, twice, fits in memory as float32, or the device is slow in anything else."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return policy().weights == "float32" or 2 * 4 * parameters < 0.7 * memory


def _stored_dtype(network: Module) -> mx.Dtype:
    """The type that most numbers of a model are stored in; of a quantized one, its scales'."""
    sizes: dict[mx.Dtype, int] = {}
    for value in flat(network.parameters()).values():
        if mx.issubdtype(value.dtype, mx.floating):
            sizes[value.dtype] = sizes.get(value.dtype, 0) + value.size
    return max(sizes, key=lambda dtype: sizes[dtype])


def _name(dtype: mx.Dtype) -> str:
    return str(dtype).removeprefix("mlx.core.")
