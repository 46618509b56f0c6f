"""What each kind of device means for t2sql: one value per kind, which every other module reads."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from typing import Literal

from t2sql.errors import InputError
from t2sql.runtimes.mlx import device, mx

DeviceKind = Literal["cpu", "metal", "cuda"]

_OVERRIDE = "T2SQL_DEVICE_POLICY"
"""The environment variable that names a policy other than the device's own. It moves no computation: under
`metal` on a machine without a GPU everything is done as on a Mac, by MLX on the CPU."""


@dataclass(frozen=True, kw_only=True)
class DevicePolicy:
    """How models are held and computed on a kind of device.

    Attributes:
        kind: The kind of device.
        on_host: Whether the processor computes: then memory is the system's, matrix products need a fast
            BLAS, and MLX compiles functions with the C++ compiler.
        weights: MLX's name of the type that full matrices are held in; activations follow it. LoRA's
            matrices, their gradients and the optimizer's moments are float32 everywhere.
        keeps_quantized: Whether the matrices of a quantized MLX directory and of a QLoRA base stay quantized.
            Otherwise they become `weights`, as a GGUF's do everywhere.
        rust_layers: Whether llama layers, the loss and AdamW are computed in Rust, which reads MLX's float32
            arrays in place, where the extension has them and the model suits them.
        numpy_exponentials: Whether NumPy's exponentials are faster than MLX's.
        compiles: Whether MLX compiles a step, which makes one kernel of a dozen. On a GPU a step of LoRA
            takes as long as starting its kernels.
        length_multiple: What the length of a training batch is rounded up to. Each length is compiled anew.
        scores_in: The runtime that answers many questions fastest.
    """

    kind: DeviceKind
    on_host: bool
    weights: Literal["float32", "bfloat16"]
    keeps_quantized: bool
    rust_layers: bool
    numpy_exponentials: bool
    compiles: bool
    length_multiple: int
    scores_in: Literal["llama", "mlx"]

    @property
    def dtype(self) -> mx.Dtype:
        """`weights` as MLX's type."""
        return mx.float32 if self.weights == "float32" else mx.bfloat16


CPU = DevicePolicy(
    kind="cpu",
    on_host=True,
    # MLX's CPU products in 16 bits or of quantized matrices are many times slower than a BLAS in float32.
    weights="float32",
    keeps_quantized=False,
    rust_layers=True,
    # MLX's x86 build computes exponentials one by one; on Arm they are vectorized.
    numpy_exponentials=platform.machine().lower() in ("x86_64", "amd64"),
    compiles=False,
    length_multiple=1,
    scores_in="llama",
)
METAL = DevicePolicy(
    kind="metal",
    on_host=False,
    weights="bfloat16",
    keeps_quantized=True,
    rust_layers=False,
    numpy_exponentials=False,
    compiles=True,
    length_multiple=64,
    scores_in="mlx",
)
CUDA = replace(METAL, kind="cuda")
POLICIES: dict[str, DevicePolicy] = {policy.kind: policy for policy in (CPU, METAL, CUDA)}
"""Every policy by its kind."""


def policy() -> DevicePolicy:
    """The policy of the device that MLX computes on, or the one that `T2SQL_DEVICE_POLICY` names.

    Raises:
        InputError: The variable names no policy.
    """
    name = os.environ.get(_OVERRIDE) or device()
    if name not in POLICIES:
        raise InputError("no such device policy", where=_OVERRIDE, expected=", ".join(POLICIES), found=name)
    return POLICIES[name]
