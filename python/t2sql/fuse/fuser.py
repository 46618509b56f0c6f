"""Fusing: the adapter goes into the weights in float32, and the result is checked against base + adapter."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from t2sql.adapters import check_adapter_not_fused, read_adapter_config
from t2sql.errors import InputError, WorkError
from t2sql.files import check_directory, output_directory
from t2sql.fuse.adding import add_adapters
from t2sql.fuse.directory import Description, write_config, write_files, write_tokenizer, write_weights
from t2sql.fuse.probe import Probe, rms
from t2sql.models import (
    RUNTIME_BYTES,
    ModelRef,
    adapter_grammar,
    apply_adapter,
    as_directory,
    check_memory,
    dequantize,
    flat,
    load_network,
    load_tokenizer,
    model_size,
    resolve,
)
from t2sql.ownership import MODEL
from t2sql.plain import JsonObject
from t2sql.progress import Progress
from t2sql.runtimes import Array, Module, mlx_lm, mx, policy, scalar
from t2sql.train import min_logprob

LOST = {"float32": 0.02, "16-bit": 0.1, "quantized": 0.5}
"""The fraction of an adapter's effect on the logits that may be lost, by how the fused weights are stored.

Chosen by hand: float32 loses rounding only, a 16-bit type about a hundredth where the adapter is trained for
long, and quantizing again moves each weight by up to half a step."""

MIN_EFFECT = 1e-6
"""The least effect of an adapter, relative to the base's logits (RMS): below it is float32's rounding."""

_STEPS = 4


@dataclass(frozen=True)
class FuseResult:
    """A fused model.

    Attributes:
        path: Its directory.
        max_change: The largest change of a weight.
        max_error: The largest difference between its logits and those of base + adapter.
        effect: How far the adapter moves the base's logits (RMS).
        lost: The RMS of the difference to base + adapter, as a fraction of `effect`.
        dtype: How the weights are stored, such as `bfloat16` or `4-bit`.
        tensors: Number of tensors.
        note: What a person should know; empty mostly.
    """

    path: Path
    max_change: float
    max_error: float
    effect: float
    lost: float
    dtype: str
    tensors: int
    note: str = ""

    def to_dict(self) -> JsonObject:
        """The result as JSON."""
        return {**asdict(self), "path": str(self.path)}


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


def fuse(
    model: ModelRef | str | Path,
    adapter: str | Path,
    out: str | Path,
    *,
    keep_quantized: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> FuseResult:
    """Write a model with an adapter in its weights as a Hugging Face directory.

    The weights are written in the base's own type if the adapter's effect survives it, otherwise in float32:
    the directory is read again, and its logits are compared with those of base + adapter.

    Args:
        model: The base model; a text or a path is resolved first.
        adapter: The adapter directory.
        out: The directory to write.
        keep_quantized: Keep a quantized base quantized; by default it is dequantized.
        force: Replace `out` if t2sql wrote it.
        progress: Called before each of the steps.

    Raises:
        InputError: An argument is no such thing, or they do not fit each other.
        WorkError: There is not enough memory, the adapter has no effect, or the result does not behave as
            base + adapter.
    """
    report = progress or _ignore
    adapter, out = Path(adapter), Path(out)
    check_directory(out, MODEL, force=force)
    ref = model if isinstance(model, ModelRef) else resolve(model)
    check_fits(ref, keep_quantized=keep_quantized)
    ref = as_directory(ref)
    check_adapter_not_fused(adapter, read_adapter_config(adapter), ref.path)
    report(0, _STEPS, "loading")
    base = _load_base(ref.path, keep_quantized=keep_quantized)
    probe = Probe(load_tokenizer(ref.path, base.config), base.config)
    base_logits = probe.logits(base.network)
    report(1, _STEPS, "base + adapter")
    network = _apply(base, adapter, ref.path)
    expected = probe.logits(network)
    effect = _effect(base_logits, expected, adapter)
    report(2, _STEPS, "adding")
    max_change = add_adapters(network, keep_quantized=keep_quantized)
    description = Description.of(
        ref, adapter, base.quantization, min_logprob(adapter), adapter_grammar(adapter)
    )
    note = ""
    with output_directory(out, MODEL, force=force) as folder:
        for dtype in _dtypes(base):
            report(3, _STEPS, "writing")
            tensors = write_weights(network, folder, None if base.quantization else dtype)
            write_config(ref.path, folder, _name(dtype), description)
            write_files(ref.path, folder)
            write_tokenizer(folder, description.prompt_format, adds_bos=probe.adds_bos)
            written = _compare(folder, base, probe, expected, effect, dtype, tensors)
            if written.lost <= written.limit:
                break
            lost = f"{_name(base.stored)} would lose {written.lost:.0%} of the adapter's effect"
            note = f"{lost}: written as float32"
        else:
            raise WorkError(
                "the fused model does not behave as base + adapter",
                where=out,
                expected=f"at most {written.limit:.0%} of the adapter's effect lost",
                found=f"{written.lost:.0%}",
                hint="Leave out --keep-quantized" if keep_quantized else None,
            )
    report(_STEPS, _STEPS, "done")
    return FuseResult(
        path=out,
        max_change=max_change,
        max_error=written.max_error,
        effect=effect,
        lost=written.lost,
        dtype=f"{base.quantization['bits']}-bit" if base.quantization else _name(written.dtype),
        tensors=written.tensors,
        note=note,
    )


def check_fits(ref: ModelRef, *, keep_quantized: bool = False) -> None:
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


def _effect(base_logits: Array, expected: Array, adapter: Path) -> float:
    """How far the adapter moves the logits (RMS)."""
    effect = rms(expected - base_logits)
    if not effect > MIN_EFFECT * max(rms(base_logits), MIN_EFFECT):
        raise WorkError(
            "the adapter has no effect",
            where=adapter,
            expected="logits that differ from the base model's",
            found=f"a difference of {effect:.2g}",
        )
    return effect


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


def _ignore(done: int, total: int, what: str) -> None:
    """Report to nobody."""
