"""Matrices quantized and dequantized in place."""

from __future__ import annotations

from t2sql.runtimes import Module, mlx_lm, mx, nn, policy


def quantize_base(network: Module, bits: int, group_size: int = 64, *, keep: bool | None = None) -> None:
    """Quantize the frozen base of QLoRA: every matrix whose rows divide into whole groups.

    Args:
        network: The model; it is changed. What is quantized already stays as it is.
        bits: Bits of a weight.
        group_size: Weights that share a scale and a bias.
        keep: Whether the matrices stay quantized; otherwise their values are then stored in full. By default
            as the device's policy says.
    """

    def fits(_: str, module: Module) -> bool:
        # What nn.quantize asks too: layers of mlx-lm, such as those of experts, have the method as well.
        return hasattr(module, "to_quantized") and module.weight.shape[-1] % group_size == 0

    nn.quantize(network, group_size=group_size, bits=bits, class_predicate=fits)
    here = policy()
    if not (here.keeps_quantized if keep is None else keep):
        dequantize(network, here.dtype)


def dequantize(network: Module, dtype: mx.Dtype) -> Module:
    """Replace every quantized layer by a full one of type `dtype`; the values are computed in float32."""
    for _, module in network.named_modules():
        if isinstance(module, nn.QuantizedLinear | nn.QuantizedEmbedding) and module.mode == "affine":
            module.set_dtype(mx.float32)
    network = mlx_lm.dequantize_model(network)
    network.set_dtype(dtype)
    return network


def set_full_dtype(network: Module, dtype: mx.Dtype, *, halves: bool = False) -> None:
    """Convert every array of floats to `dtype`, except those of quantized matrices.

    Args:
        network: The model; it is changed.
        dtype: The type.
        halves: Whether matrices in 16 bits stay so.
    """
    for module in network.modules():
        if "scales" in module:
            continue
        own = {k: v for k, v in module.items() if isinstance(v, mx.array) and not k.startswith("_")}
        if halves and is_matrix(module) and module.weight.dtype in (mx.float16, mx.bfloat16):
            del own["weight"]
        module.update({k: v.astype(dtype) for k, v in own.items() if mx.issubdtype(v.dtype, mx.floating)})


def halve_matrices(network: Module) -> None:
    """Convert every float32 matrix to bfloat16; norms and biases stay as they are."""
    for module in network.modules():
        if is_matrix(module) and module.weight.dtype == mx.float32:
            module.weight = module.weight.astype(mx.bfloat16)


def is_matrix(module: Module) -> bool:
    """Whether a layer is one full matrix, and perhaps a bias."""
    return type(module) in (nn.Linear, nn.Embedding)
