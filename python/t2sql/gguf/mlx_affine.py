"""Quantized MLX directories: a matrix's codes, scales and biases as one tensor of float32 rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql._core import AffineSource
from t2sql.errors import InputError
from t2sql.gguf.container import TensorInfo

if TYPE_CHECKING:
    import numpy as np


BITS = (2, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class AffineTensor(TensorInfo):
    """A quantized matrix; `shape` is its own, `type` what its rows come out as."""

    bits: int
    group_size: int
    scales: TensorInfo
    biases: TensorInfo

    @property
    def affine(self) -> AffineSource:
        """How the codes are packed and where scales and biases are, for the pass that writes a GGUF."""
        scales, biases = ((info.path, info.name) for info in (self.scales, self.biases))
        return AffineSource(bits=self.bits, group_size=self.group_size, scales=scales, biases=biases)

    def float32(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Scale times code, rounded, plus bias, rounded: what MLX computes in float32."""
        import numpy as np

        stop = self.rows if stop is None else stop
        codes = self.raw().reshape(self.rows, -1)[start:stop]
        groups = (stop - start, self.shape[1] // self.group_size, self.group_size)
        bits = np.unpackbits(codes, axis=1, bitorder="little").reshape(*groups, self.bits)
        values = np.packbits(bits, axis=-1, bitorder="little")[..., 0].astype(np.float32)
        scales, biases = (x.float32(start, stop)[:, :, None] for x in (self.scales, self.biases))
        return (values * scales + biases).reshape(stop - start, -1)


def gather(path: Path, config: Mapping[str, Any], tensors: dict[str, TensorInfo]) -> dict[str, TensorInfo]:
    """Codes with their scales and biases as one tensor each; everything else as it is."""
    settings = config.get("quantization")
    if not isinstance(settings, dict):
        return tensors
    stems = [name.removesuffix(".scales") for name in tensors if name.endswith(".scales")]
    parts = {f"{stem}.{part}" for stem in stems for part in ("scales", "biases")}
    gathered = {}
    for name, info in tensors.items():
        stem = name.removesuffix(".weight")
        if name.endswith(".weight") and f"{stem}.scales" in tensors:
            gathered[name] = _affine(path, settings, stem, tensors)
        elif name not in parts:
            gathered[name] = info
    return gathered


def _affine(path: Path, settings: Mapping[str, Any], stem: str, tensors: dict[str, TensorInfo]) -> TensorInfo:
    where = f"{path}: tensor {stem}.weight"
    own = settings.get(stem)
    chosen = {**settings, **own} if isinstance(own, dict) else settings
    mode, bits, group = (chosen.get(key) for key in ("mode", "bits", "group_size"))
    if mode not in (None, "affine") or f"{stem}.biases" not in tensors:
        raise InputError("quantization not supported", where=where, expected="MLX's affine mode", found=mode)
    if bits not in BITS or not isinstance(group, int) or group < 1:
        raise InputError(
            "quantization not supported",
            where=where,
            expected=f"a group size, and {', '.join(map(str, BITS))} bits",
            found=f"group size {group}, {bits} bits",
        )
    codes, scales, biases = (tensors[f"{stem}.{part}"] for part in ("weight", "scales", "biases"))
    columns = codes.shape[-1] * 32 // bits
    shape = (codes.shape[0], columns)
    expected = (codes.shape[0], columns // group)
    if codes.type != "U32" or scales.shape != expected or biases.shape != expected or columns % group:
        raise InputError(
            "config contradicts a tensor",
            where=where,
            expected=f"U32 codes of {bits} bits, scales and biases of shape {list(expected)}",
            found=f"{codes.type}, {list(scales.shape)} and {list(biases.shape)}",
        )
    place = codes.name, "f32", shape, codes.offset, codes.nbytes, codes.path
    return AffineTensor(*place, bits, group, scales, biases)
