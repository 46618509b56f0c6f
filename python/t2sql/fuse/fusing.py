"""Fusing: base + adapter added in float32, written as a Hugging Face directory, and checked against the sum."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.data import PROMPT_FORMAT, Schema, chat_template, encode, render_prompt
from t2sql.errors import WorkError
from t2sql.gguf.output import check_free, output_directory
from t2sql.models.adapters import (
    add_adapter_layers,
    load_adapter_weights,
    read_adapter_config,
    read_adapter_weights,
)
from t2sql.models.loading import dequantize, load_network, load_tokenizer
from t2sql.models.resolving import directory, resolve
from t2sql.models.runtime import mx, nn

Progress = Callable[[int, int, str], None]

NO_EFFECT = 1e-5
"""An adapter that moves no logit by more than this share of the largest one has no effect."""

TOLERANCE = {False: 0.02, True: 0.5}
"""How far the fused logits may be from base + adapter, as a share of what the adapter moved them;
by whether the weights were quantized again."""

SURVIVES = 0.05
"""A 16-bit weight keeps the adapter's change when rounding alters the change by at most this share."""

_NOT_COPIED = {"config.json", "model.safetensors.index.json", "chat_template.jinja", "tokenizer_config.json"}


@dataclass(frozen=True)
class FuseResult:
    """`max_change` is how far the adapter moves the probe's logits, `max_error` how far the fused model
    is from base + adapter; both in units of the logits."""

    path: Path
    max_change: float
    max_error: float
    dtype: str


def fuse(
    model: str | Path,
    adapter: Path,
    out: Path,
    *,
    keep_quantized: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> FuseResult:
    """Write `model` with `adapter` in its weights to the directory `out`.

    A quantized base is dequantized unless `keep_quantized`. The sums are computed in float32 and kept in
    the base's type where that type can hold the adapter's change, in float32 where it cannot.

    Raises:
        InputError: the model or the adapter cannot be read, or do not fit each other; `out` exists.
        WorkError: the adapter changes nothing, or the fused model is not base + adapter.
    """
    out = Path(out)
    check_free(out, force=force)
    settings = read_adapter_config(Path(adapter))
    weights = read_adapter_weights(Path(adapter))
    full = settings["fine_tune_type"] == "full"
    source = directory(model)
    network, config = load_network(source)
    quantized = bool(config.get("quantization"))
    keep = quantized and keep_quantized
    network.eval()
    tokenizer = load_tokenizer(source, config)
    probe = mx.array([_probe(tokenizer)])

    base = _logits(network, probe)
    if not full:
        add_adapter_layers(network, settings)
    load_adapter_weights(network, weights, Path(adapter), full=full)
    network.eval()
    tuned = _logits(network, probe)
    change = float(mx.abs(tuned - base).max().item())
    if not change > NO_EFFECT * float(mx.abs(base).max().item()):
        raise WorkError(
            "the adapter has no effect",
            where=adapter,
            expected="logits that differ from the base model's",
            found=f"a largest difference of {change:.3g}",
            hint="Train it longer, or fuse another checkpoint",
        )

    names = _fuse_layers(network, keep=keep, progress=progress)
    if quantized and not keep:
        network = dequantize(network, _dtype_of_scales(network))
        config = {k: v for k, v in config.items() if k not in ("quantization", "quantization_config")}
    dtype = "kept quantized" if keep else _store(network, names)
    error = float(mx.abs(_logits(network, probe) - tuned).max().item())
    if not error <= TOLERANCE[keep] * change:
        raise WorkError(
            "the fused model is not base + adapter",
            where=out,
            expected=f"logits within {TOLERANCE[keep] * change:.3g} of it",
            found=f"a difference of {error:.3g}",
            hint="Fuse without --keep-quantized" if keep else None,
        )
    with output_directory(out, force=force) as building:
        _write(
            network, config, source, building, tokenizer, base=resolve(model).source, adapter=Path(adapter)
        )
    return FuseResult(out, change, error, dtype)


def _probe(tokenizer: Any) -> list[int]:
    schema = Schema.from_table_lines(["students: Name, Age, School, Grade, Height, Weight"])
    prompt = render_prompt(schema, "How old is the tallest student?")
    return encode(tokenizer, prompt, "SELECT Age FROM students ORDER BY Height DESC LIMIT 1")[0]


def _logits(network: Any, probe: Any) -> Any:
    logits = network(probe).astype(mx.float32)
    mx.eval(logits)
    return logits


def _fuse_layers(network: Any, *, keep: bool, progress: Progress | None) -> dict[str, Any]:
    """Replace every adapter layer by a plain one, summed in float32: name -> (weight, base weight)."""
    from mlx.utils import tree_unflatten

    layers = [(name, module) for name, module in network.named_modules() if hasattr(module, "fuse")]
    sums: dict[str, Any] = {}
    for done, (name, module) in enumerate(layers):
        linear = getattr(module, "linear", getattr(module, "embedding", None))
        held = linear.weight.dtype
        bits = (linear.group_size, linear.bits) if isinstance(linear, nn.QuantizedLinear) else None
        module.set_dtype(mx.float32)
        before = None if bits else linear.weight
        fused = module.fuse(dequantize=True)
        mx.eval(fused.parameters())
        if bits and keep:
            fused = nn.QuantizedLinear.from_linear(fused, *bits)
        elif bits is None:
            sums[name] = (held, before)
        network.update_modules(tree_unflatten([(name, fused)]))
        if progress:
            progress(done + 1, len(layers), name)
    return sums


def _store(network: Any, sums: dict[str, Any]) -> str:
    """Give the summed weights the base's 16-bit type if all of them keep their change in it."""
    modules = dict(network.named_modules())
    narrow = {name: held for name, (held, _) in sums.items() if held in (mx.bfloat16, mx.float16)}
    for name, held in narrow.items():
        weight, before = modules[name].weight, sums[name][1]
        change = mx.linalg.norm(weight - before)
        lost = mx.linalg.norm(weight.astype(held).astype(mx.float32) - weight)
        if float(lost.item()) > SURVIVES * float(change.item()):
            return "float32"
    for name, held in narrow.items():
        modules[name].set_dtype(held)
    return str(next(iter(narrow.values()), mx.float32)).removeprefix("mlx.core.")


def _dtype_of_scales(network: Any) -> Any:
    for _, module in network.named_modules():
        if isinstance(module, nn.QuantizedLinear):
            return module.scales.dtype
    return mx.float32


def _write(
    network: Any, config: dict[str, Any], source: Path, out: Path, tokenizer: Any, *, base: str, adapter: Path
) -> None:
    from mlx_lm.utils import save_model

    save_model(out, network)
    index = out / "model.safetensors.index.json"
    if (out / "model.safetensors").is_file():
        index.unlink(missing_ok=True)
    for file in source.iterdir():
        if (
            file.is_file()
            and file.suffix not in (".safetensors", ".npz", ".bin")
            and file.name not in _NOT_COPIED
        ):
            shutil.copyfile(file, out / file.name)
    about = {"prompt_format": PROMPT_FORMAT, "base_model": base, "adapter": adapter.name}
    (out / "config.json").write_text(
        json.dumps({**config, "t2sql": {**config.get("t2sql", {}), **about}}, indent=2), encoding="utf-8"
    )
    file = source / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    bos = getattr(tokenizer, "bos_token_id", None)
    settings["chat_template"] = chat_template(bos=bos is not None and tokenizer.encode("x")[:1] == [bos])
    (out / "tokenizer_config.json").write_text(
        json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8"
    )
