"""Directories that MLX quantized: a matrix's codes, scales and biases as one tensor of float32 rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from t2sql._core import AffineSource
from t2sql.checked_json import CheckedJson
from t2sql.errors import InputError
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tensors import CoreKeywords, FloatArray, TensorInfo

# The widths of codes that `mlx.core.quantize` has in its affine mode.
BITS = (2, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class AffineTensor(TensorInfo):
    """A matrix that MLX quantized: `value = scale * code + bias`, with one scale and bias for each group.

    `offset` and `nbytes` are those of the codes, `shape` is the matrix's own and `type` is f32, which its
    rows are after dequantization.

    Attributes:
        bits: The width of a code.
        group_size: Neighbouring values of a row that share a scale and a bias.
        scales: [rows, columns / group_size].
        biases: [rows, columns / group_size].
    """

    bits: int
    group_size: int
    scales: TensorInfo
    biases: TensorInfo

    @property
    def whole_nbytes(self) -> int:
        """Bytes of codes, scales and biases."""
        return self.nbytes + self.scales.nbytes + self.biases.nbytes

    def core_keywords(self) -> CoreKeywords:
        """Where the Rust core finds scales and biases, and how the codes are packed."""
        scales, biases = self.scales, self.biases
        affine = AffineSource(
            bits=self.bits,
            group_size=self.group_size,
            scales=(scales.path, scales.name),
            biases=(biases.path, biases.name),
        )
        return {"affine": affine}

    def float32(self, start: int = 0, stop: int | None = None) -> FloatArray:
        """Rows `start` to `stop` as MLX dequantizes them in float32, rounding after each operation."""
        stop = self.rows if stop is None else stop
        codes = self.raw().reshape(self.rows, -1)[start:stop]
        groups = (stop - start, self.shape[1] // self.group_size, self.group_size)
        bits = np.unpackbits(codes, axis=1, bitorder="little").reshape(*groups, self.bits)
        values = np.packbits(bits, axis=-1, bitorder="little")[..., 0].astype(np.float32)
        scales, biases = (part.float32(start, stop)[:, :, None] for part in (self.scales, self.biases))
        rows: FloatArray = (values * scales + biases).reshape(stop - start, -1)
        return rows


def gather(path: Path, config: ModelConfig, tensors: Mapping[str, TensorInfo]) -> Mapping[str, TensorInfo]:
    """Join the codes, scales and biases of every quantized matrix into one `AffineTensor`.

    Args:
        path: The directory, for errors.
        config: config.json, whose "quantization" states bits and group sizes.
        tensors: The tensors as the files have them.

    Returns:
        The joined tensors and all others; `tensors` itself when nothing is quantized.

    Raises:
        InputError: The quantization is not MLX's affine mode, or contradicts a tensor's shape.
    """
    settings = config.section("quantization")
    if not settings.document:
        return tensors
    stems = [name.removesuffix(".scales") for name in tensors if name.endswith(".scales")]
    parts = {f"{stem}.{part}" for stem in stems for part in ("scales", "biases")}
    gathered: dict[str, TensorInfo] = {}
    for name, info in tensors.items():
        stem = name.removesuffix(".weight")
        if name.endswith(".weight") and f"{stem}.scales" in tensors:
            gathered[name] = _affine(f"{path}: tensor {name}", settings, stem, tensors)
        elif name not in parts:
            gathered[name] = info
    return gathered


def _affine(where: str, settings: CheckedJson, stem: str, tensors: Mapping[str, TensorInfo]) -> AffineTensor:
    """One matrix, by the settings of its own module where config.json has such."""
    own = settings.document.get(stem)
    chosen = (
        replace(settings, document={**settings.document, **own}) if isinstance(own, Mapping) else settings
    )
    mode, bits, group_size = (
        chosen.text("mode", default="affine"),
        chosen.integer("bits"),
        chosen.integer("group_size"),
    )
    if mode != "affine" or f"{stem}.biases" not in tensors:
        raise InputError("quantization not supported", where=where, expected="MLX's affine mode", found=mode)
    if bits not in BITS:
        raise InputError(
            "quantization not supported",
            where=where,
            expected=f"{', '.join(map(str, BITS))} bits",
            found=f"{bits} bits",
        )
    codes, scales, biases = (tensors[f"{stem}.{part}"] for part in ("weight", "scales", "biases"))
    rows, columns = codes.shape[0], codes.shape[-1] * 32 // bits
    expected = (rows, columns // group_size)
    if codes.type != "U32" or scales.shape != expected or biases.shape != expected or columns % group_size:
        raise InputError(
            "config contradicts a tensor",
            where=where,
            expected=f"U32 codes of {bits} bits, scales and biases of shape {list(expected)}",
            found=f"{codes.type}, {list(scales.shape)} and {list(biases.shape)}",
        )
    return AffineTensor(
        codes.name,
        "f32",
        (rows, columns),
        codes.offset,
        codes.nbytes,
        codes.path,
        bits,
        group_size,
        scales,
        biases,
    )
