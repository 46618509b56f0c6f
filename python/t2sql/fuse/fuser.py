"""Fusing: the adapter goes into the weights in float32, and the result is checked against base + adapter."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from t2sql.adapters import check_adapter_not_fused, read_adapter_config
from t2sql.checked_json import read_json
from t2sql.errors import InputError
from t2sql.files import check_directory, output_directory
from t2sql.fuse import directory
from t2sql.fuse.adapted_model import DTYPES, AdaptedModel, read_adapted, write_description
from t2sql.fuse.in_memory import check_fits_twice, fuse_in_memory
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
from t2sql.fuse.streamed import parameter_names, streamed_network
from t2sql.gguf import read_directory, read_weights, supported_architectures, write_weights
from t2sql.models import ModelRef, as_directory, load_tokenizer, resolve
from t2sql.ownership import MODEL
from t2sql.progress import Progress
from t2sql.runtimes import mx, scalar


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
    the directory is read again, and its logits are compared with those of base + adapter. Sums and logits are
    computed from the files, a few rows at a time, so that memory does not grow with the model; only models
    whose weights mlx-lm rearranges, and those that stay quantized, are loaded.

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
    report(0, STEPS, "loading")
    adapted = None if keep_quantized or not _streams(ref) else read_adapted(ref.path, adapter)
    names = () if adapted is None else parameter_names(ref.path, adapted.by_stored_name(adapted.base))
    with output_directory(out, MODEL, force=force) as folder:
        if adapted is None or not names:
            return fuse_in_memory(Fusing(ref, adapter, out, folder, report), keep_quantized=keep_quantized)
        return _fuse_streamed(Fusing(ref, adapter, out, folder, report), adapted, names)


def _fuse_streamed(fusing: Fusing, adapted: AdaptedModel, names: Collection[str]) -> FuseResult:
    """Write and compare tensor by tensor.

    Args:
        fusing: What is fused and where it goes.
        adapted: Base and adapter.
        names: The base's tensors that the network has.
    """
    ref, folder, report = fusing.ref, fusing.folder, fusing.report
    config = read_json(ref.path / "config.json")
    probe = Probe(load_tokenizer(ref.path, config), config)
    base_logits = probe.logits(streamed_network(ref.path, adapted.by_stored_name(adapted.base)))
    report(1, STEPS, "base + adapter")
    summed = adapted.by_stored_name(adapted.summed)
    expected = probe.logits(streamed_network(ref.path, summed))
    effect = adapter_effect(base_logits, expected, fusing.adapter)
    note = ""
    for dtype in dict.fromkeys((adapted.stored, "f32")):
        report(2, STEPS, "adding and writing")
        try:
            written = write_weights(
                folder, {name: summed[name] for name in names}, dtype, directory.SHARD_BYTES
            )
        except InputError:
            # A sum that float16 cannot hold; a weight that is no number fails again as float32.
            if dtype == "f32":
                raise
            note = f"{DTYPES[dtype]} cannot hold the sum: written as float32"
            continue
        write_description(ref, folder, DTYPES[dtype], fusing.description(), adds_bos=probe.adds_bos)
        report(3, STEPS, "comparing")
        error = probe.logits(streamed_network(folder, read_weights(folder))) - expected
        lost, limit = rms(error) / effect, LOST["float32" if dtype == "f32" else "16-bit"]
        if lost <= limit:
            break
        if dtype == "f32":
            raise lost_effect(fusing.out, lost, limit)
        note = note_on_loss(DTYPES[dtype], lost)
    report(STEPS, STEPS, "done")
    return FuseResult(
        path=fusing.out,
        max_change=written.max_change,
        max_error=scalar(mx.abs(error).max()),
        effect=effect,
        lost=lost,
        dtype=DTYPES[dtype],
        tensors=written.tensors,
        note=note,
    )


def check_fits(ref: ModelRef, *, keep_quantized: bool = False) -> None:
    """Refuse to fuse a model that has to be loaded and does not fit in memory twice.

    Args:
        ref: The base model.
        keep_quantized: As for `fuse`.

    Raises:
        WorkError: There is less memory.
    """
    if keep_quantized or not _streams(ref):
        check_fits_twice(ref, keep_quantized=keep_quantized)


def _streams(ref: ModelRef) -> bool:
    """Whether a model is of a family whose weights are known tensor by tensor."""
    if ref.kind == "gguf":
        return True
    try:
        return read_directory(ref.path).architecture in supported_architectures()
    except InputError:
        # Weights that only mlx-lm reads; it names what is wrong with those that it does not read either.
        return False


def _ignore(done: int, total: int, what: str) -> None:
    """Report to nobody."""
