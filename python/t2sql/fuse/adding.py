"""Adapter layers replaced by ordinary ones with the adapter in their weights."""

from __future__ import annotations

from t2sql.runtimes import Array, Module, mx, nn, scalar, tree_unflatten


def add_adapters(network: Module, *, keep_quantized: bool = False) -> float:
    """Replace every adapter layer by one with the sum, computed in float32, in its weights.

    Args:
        network: A model with an adapter on it; it is changed.
        keep_quantized: Quantize the sum again as the base layer was; otherwise it stays full.

    Returns:
        The largest change of a weight.
    """
    fused, largest = [], 0.0
    for name, module in network.named_modules():
        # Layers that mlx-lm's tuner put there have both.
        if "lora_a" not in module or not hasattr(module, "fuse"):
            continue
        inner = module.linear if "linear" in module else module.embedding
        is_quantized = _is_quantized(inner)
        scale_dtype = inner.scales.dtype if is_quantized and inner.mode == "affine" else None
        if not is_quantized or inner.mode == "affine":
            module.set_dtype(mx.float32)
        before = full_weight(inner)
        after = module.fuse(dequantize=True)
        largest = max(largest, scalar(mx.abs(full_weight(after) - before).max()))
        if is_quantized and keep_quantized:
            after = _quantized_like(inner, after, scale_dtype)
        mx.eval(after.parameters())
        fused.append((name, after))
    if fused:
        network.update_modules(tree_unflatten(fused))
    return largest


def full_weight(module: Module) -> Array:
    """The matrix of a linear layer or an embedding as float32, dequantized if need be."""
    if not _is_quantized(module):
        return module.weight.astype(mx.float32)  # type: ignore[no-any-return]
    weight = mx.dequantize(
        module.weight,
        module.scales,
        module.get("biases"),
        group_size=module.group_size,
        bits=module.bits,
        mode=module.mode,
    )
    return weight.astype(mx.float32)


def _is_quantized(module: Module) -> bool:
    return "scales" in module


def _quantized_like(before: Module, after: Module, scale_dtype: mx.Dtype | None) -> Module:
    """A full layer quantized as another one is."""
    settings = {"group_size": before.group_size, "bits": before.bits, "mode": before.mode}
    if isinstance(before, nn.QuantizedEmbedding):
        quantized: Module = nn.QuantizedEmbedding.from_embedding(after, **settings)
    else:
        quantized = nn.QuantizedLinear.from_linear(after, **settings)
    if scale_dtype is not None:
        quantized.set_dtype(scale_dtype)
    return quantized
