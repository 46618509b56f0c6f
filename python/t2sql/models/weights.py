"""Matrices quantized and dequantized in place."""

from __future__ import annotations

from t2sql.runtimes import Module, mlx_lm, mx, nn, policy


def quantize_base(network: Module, bits: int, group_size: int = 64) -> None:
    """Quantize the frozen base of QLoRA: every matrix whose rows divide into whole groups.

    Where the device's policy does not keep quantized matrices, their values are then stored in full.

    Args:
        network: The model; it is changed.
        bits: Bits of a weight.
        group_size: Weights that share a scale and a bias.
    """

    def fits(_: str, module: Module) -> bool:
        # What nn.quantize asks too: layers of mlx-lm, such as those of experts, have the method as well.
        return hasattr(module, "to_quantized") and module.weight.shape[-1] % group_size == 0

    nn.quantize(network, group_size=group_size, bits=bits, class_predicate=fits)
    here = policy()
    if not here.keeps_quantized:
        dequantize(network, here.dtype)


def dequantize(network: Module, dtype: mx.Dtype) -> Module:
    """Replace every quantized layer by a full one of type `dtype`; the values are computed in float32."""
    for _, module in network.named_modules():
        if isinstance(module, nn.QuantizedLinear | nn.QuantizedEmbedding) and module.mode == "affine":
            module.set_dtype(mx.float32)
    network = mlx_lm.dequantize_model(network)
    network.set_dtype(dtype)
    return network
