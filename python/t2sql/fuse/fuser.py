"""Adding an adapter to weights in float32, and the check that the sum behaves as base + adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, WorkError
from t2sql.fuse.directory import write_config, write_files, write_tokenizer, write_weights
from t2sql.fuse.probe import Probe
from t2sql.gguf.output import check_free, output_directory
from t2sql.models import directory
from t2sql.models.adapters import apply_adapter, flat, read_adapter_config
from t2sql.models.loading import dequantize, load_network, load_tokenizer
from t2sql.models.runtime import device, mx, nn

Progress = Callable[[int, int, str], None]

LOST = {"full": 0.02, "half": 0.1, "quantized": 0.5}
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
    if device() == "cpu" and not quantization:
        network.set_dtype(mx.float32)
    if config.get("base_bits"):
        from t2sql.train.setup import quantize_base

        quantize_base(network, config["base_bits"])
    probe = Probe(load_tokenizer(path, model_config), model_config)
    base = probe.logits(network)
    say(1, 4, "base + adapter")
    apply_adapter(network, adapter)
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
    max_change = _add(network, keep_quantized=keep_quantized)
    if not keep_quantized:
        network = dequantize(network, mx.float32)

    with output_directory(out, force=force) as folder:
        dtype, note = stored, ""
        for attempt in (stored, mx.float32):
            dtype = attempt
            say(3, 4, "writing")
            tensors = write_weights(network, folder, None if keep_quantized else attempt)
            write_config(
                path, folder, _name(attempt), quantization if keep_quantized else None, model, adapter
            )
            write_files(path, folder)
            write_tokenizer(path, folder, adds_bos=probe.adds_bos)
            written, _ = load_network(folder)
            if device() == "cpu" and not keep_quantized:
                written.set_dtype(mx.float32)
            error = probe.logits(written) - adapted
            lost = probe.rms(error) / effect
            kind = "quantized" if keep_quantized else "full" if attempt == mx.float32 else "half"
            if lost <= LOST[kind] or kind != "half":
                break
            note = f"{_name(stored)} would lose {lost:.0%} of the adapter's effect: written as float32"
        if lost > LOST[kind]:
            hint = "Leave out --keep-quantized" if keep_quantized else "Please report this model"
            raise WorkError(
                "the fused model does not behave as base + adapter",
                where=out,
                expected=f"at most {LOST[kind]:.0%} of the adapter's effect lost",
                found=f"{lost:.0%}",
                hint=hint,
            )
    say(4, 4, "done")
    max_error = float(mx.abs(error).max().item())
    held = f"{quantization['bits']}-bit" if keep_quantized and quantization else _name(dtype)
    return FuseResult(out, max_change, max_error, effect, lost, held, tensors, note)


def _add(network: Any, *, keep_quantized: bool) -> float:
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
        largest = max(largest, float(mx.abs(_full(after) - before).max().item()))
        if quantized and keep_quantized:
            kind = (
                nn.QuantizedEmbedding.from_embedding
                if "embedding" in module
                else nn.QuantizedLinear.from_linear
            )
            after = kind(after, group_size=inner.group_size, bits=inner.bits, mode=inner.mode)
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


def _stored_dtype(network: Any) -> Any:
    """The type most of the base's numbers are in; of a quantized one, its scales'."""
    sizes: dict[Any, int] = {}
    for value in flat(network.parameters()).values():
        if mx.issubdtype(value.dtype, mx.floating):
            sizes[value.dtype] = sizes.get(value.dtype, 0) + value.size
    return max(sizes, key=lambda dtype: sizes[dtype])


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("mlx.core.")
