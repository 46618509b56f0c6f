"""Adding an adapter to weights in float32, and the check that the sum behaves as base + adapter."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t2sql.adapters import read_adapter_config
from t2sql.errors import InputError, WorkError
from t2sql.files import check_free, output_directory
from t2sql.fuse.directory import write_config, write_files, write_tokenizer, write_weights
from t2sql.fuse.probe import Probe
from t2sql.models import apply_adapter, dequantize, directory, flat, load_network, load_tokenizer
from t2sql.runtimes import device, mx, nn, scalar
from t2sql.train import min_logprob

Progress = Callable[[int, int, str], None]

LOST = {"float32": 0.02, "16-bit": 0.1, "quantized": 0.5}
"""How much of an adapter's effect on the logits may be lost, by how the fused weights are held."""


@dataclass(frozen=True)
class FuseResult:
    """`effect`: how far the adapter moves the logits (RMS); `max_error`: the largest difference between
    the logits of the fused model and of base + adapter; `lost`: the RMS of that difference over the effect;
    `max_change`: the largest change of a weight."""

    path: Path
    max_change: float
    max_error: float
    effect: float
    lost: float
    dtype: str
    tensors: int
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def fuse(
    model: str | Path,
    adapter: Path,
    out: Path,
    *,
    keep_quantized: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> FuseResult:
    """Write `model` with `adapter` in its weights as a Hugging Face directory at `out`.

    A quantized base is dequantized unless `keep_quantized`. The result is written in the base's own type
    if the adapter's effect survives it, otherwise in float32, and `FuseResult.dtype` says which.
    """
    out, adapter = Path(out), Path(adapter)
    say = progress or (lambda done, total, label: None)
    config = read_adapter_config(adapter)
    check_free(out, force=force)
    path = directory(model)
    say(0, 4, "loading")
    network, model_config = load_network(path)
    quantization = model_config.get("quantization")
    if keep_quantized and not quantization:
        raise InputError("the base model is not quantized", where=path, hint="Leave out --keep-quantized")
    stored = _stored_dtype(network)
    working = mx.float32 if _fits_float32(network) else stored
    if quantization and not keep_quantized:
        network = dequantize(network, working)
    elif not quantization:
        network.set_dtype(working)
    probe = Probe(load_tokenizer(path, model_config), model_config)
    base = probe.logits(network)
    say(1, 4, "base + adapter")
    apply_adapter(network, adapter)
    if config.base_bits:
        network = dequantize(network, working)
    network.eval()
    adapted = probe.logits(network)
    effect = probe.rms(adapted - base)
    if not effect > 1e-6 * max(probe.rms(base), 1e-6):
        raise WorkError(
            "the adapter has no effect",
            where=adapter,
            expected="logits that differ from the base model's",
            found=f"a difference of {effect:.2g}",
        )
    say(2, 4, "adding")
    max_change = add(network, keep_quantized=keep_quantized)

    said = _About(
        path, model, adapter, quantization if keep_quantized else None, probe.adds_bos, min_logprob(adapter)
    )
    with output_directory(out, force=force) as folder:
        dtypes = (stored,) if keep_quantized or stored == mx.float32 else (stored, mx.float32)
        note = ""
        for dtype in dtypes:
            say(3, 4, "writing")
            tensors = _write(network, folder, dtype, said)
            written, _ = load_network(folder)
            if not keep_quantized:
                written.set_dtype(working)
            error = probe.logits(written) - adapted
            lost = probe.rms(error) / effect
            exact = dtype == working == mx.float32
            limit = LOST["quantized" if keep_quantized else "float32" if exact else "16-bit"]
            if lost <= limit:
                break
            note = f"{_name(stored)} would lose {lost:.0%} of the adapter's effect: written as float32"
        else:
            raise WorkError(
                "the fused model does not behave as base + adapter",
                where=out,
                expected=f"at most {limit:.0%} of the adapter's effect lost",
                found=f"{lost:.0%}",
                hint="Leave out --keep-quantized" if keep_quantized else None,
            )
    say(4, 4, "done")
    held = f"{quantization['bits']}-bit" if keep_quantized and quantization else _name(dtype)
    return FuseResult(out, max_change, scalar(mx.abs(error).max()), effect, lost, held, tensors, note)


@dataclass(frozen=True)
class _About:
    """What a fused directory says of itself."""

    base: Path
    model: str | Path
    adapter: Path
    quantization: dict[str, Any] | None
    adds_bos: bool
    min_logprob: float | None


def _write(network: Any, folder: Path, dtype: Any, about: _About) -> int:
    tensors = write_weights(network, folder, None if about.quantization else dtype)
    write_config(
        about.base,
        folder,
        _name(dtype),
        about.quantization,
        about.model,
        about.adapter,
        about.min_logprob,
    )
    write_files(about.base, folder)
    write_tokenizer(folder, adds_bos=about.adds_bos)
    return tensors


def add(network: Any, *, keep_quantized: bool = False) -> float:
    """Replace every adapter layer by one with the sum in its weights; the largest change of a weight."""
    from mlx.utils import tree_unflatten

    fused, largest = [], 0.0
    for name, module in network.named_modules():
        if not hasattr(module, "fuse") or "lora_a" not in module:
            continue
        inner = module.linear if "linear" in module else module.embedding
        quantized = hasattr(inner, "bits")
        scale_type = inner.scales.dtype if quantized else None
        if not quantized or inner.mode == "affine":
            module.set_dtype(mx.float32)
        before = _full(inner)
        after = module.fuse(dequantize=True)
        largest = max(largest, scalar(mx.abs(_full(after) - before).max()))
        if quantized and keep_quantized:
            settings = {"group_size": inner.group_size, "bits": inner.bits, "mode": inner.mode}
            if "embedding" in module:
                after = nn.QuantizedEmbedding.from_embedding(after, **settings)
            else:
                after = nn.QuantizedLinear.from_linear(after, **settings)
            if inner.mode == "affine":
                after.set_dtype(scale_type)
        mx.eval(after.parameters())
        fused.append((name, after))
    if fused:
        network.update_modules(tree_unflatten(fused))
    return largest


def _full(module: Any) -> Any:
    if not hasattr(module, "bits"):
        return module.weight.astype(mx.float32)
    biases = module.get("biases")
    return mx.dequantize(
        module.weight, module.scales, biases, group_size=module.group_size, bits=module.bits, mode=module.mode
    ).astype(mx.float32)


def _fits_float32(network: Any) -> bool:
    """Whether the model, twice, fits in memory as float32; the CPU device is slow in anything else."""
    from mlx_lm.utils import get_total_parameters

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return device() == "cpu" or 2 * 4 * get_total_parameters(network) < 0.7 * memory


def _stored_dtype(network: Any) -> Any:
    """The type most of the base's numbers are in; of a quantized one, its scales'."""
    sizes: dict[Any, int] = {}
    for value in flat(network.parameters()).values():
        if mx.issubdtype(value.dtype, mx.floating):
            sizes[value.dtype] = sizes.get(value.dtype, 0) + value.size
    return max(sizes, key=lambda dtype: sizes[dtype])


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("mlx.core.")
