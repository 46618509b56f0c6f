"""A model converted with rounding of second order: each layer sees what the rounded layers before it make."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from t2sql import gguf
from t2sql.cache import temporary_folder
from t2sql.calibration.collecting import check_finite, gguf_names
from t2sql.calibration.layer_runs import Float64s, layer_inputs
from t2sql.calibration.second_order import SECOND_ORDER_TYPES, Rounded, round_columns
from t2sql.calibration.sequences import Sequences
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.progress import Progress
from t2sql.runtimes import Array, Module, mx


@dataclass(frozen=True)
class RoundedTensor:
    """How a matrix was rounded.

    Attributes:
        name: Its GGUF name.
        loss: The squared error of its products with the calibration's activations, relative to the products.
        plain_loss: The same of ggml's rounding with an importance matrix of the same activations.
        second_order: Whether rounding of second order was the better one, and taken.
    """

    name: str
    loss: float
    plain_loss: float
    second_order: bool


@dataclass(frozen=True)
class CalibratedResult:
    """A file that was written.

    Attributes:
        conversion: The file, as `gguf.convert` describes one.
        tensors: The matrices that were rounded with the activations, in the order of the layers.
        tokens: Tokens that they were calibrated on.
    """

    conversion: gguf.ConvertResult
    tensors: list[RoundedTensor]
    tokens: int

    @property
    def loss(self) -> float:
        """The mean of the matrices' losses."""
        return sum(tensor.loss for tensor in self.tensors) / len(self.tensors)

    @property
    def plain_loss(self) -> float:
        """The mean of what they would be under ggml's rounding."""
        return sum(tensor.plain_loss for tensor in self.tensors) / len(self.tensors)


def convert_calibrated(
    source: Path,
    out: Path,
    sequences: Sequences,
    options: gguf.ConvertOptions,
    *,
    progress: Progress | None = None,
) -> CalibratedResult:
    """Write the model in a Hugging Face directory as a GGUF file, rounded for what it reads.

    The layers' matrices that get the file's type are rounded by `round_columns`; all other tensors are as
    `gguf.convert` writes them, and the file is as large.

    Args:
        source: The directory.
        out: The file.
        sequences: What the model reads.
        options: As for `gguf.convert`; the type is one of `SECOND_ORDER_TYPES`.
        progress: Counts layers.

    Raises:
        InputError: The source cannot be converted, the type has no rounding of second order, or the output
            exists.
        WorkError: An activation is not finite, or writing failed.
    """
    began = time.perf_counter()
    if options.type.lower() not in SECOND_ORDER_TYPES or options.max_shard_size is not None:
        raise InputError(
            "no calibrated rounding for this output",
            expected=f"one file of type {', '.join(SECOND_ORDER_TYPES)}",
            found="several files" if options.max_shard_size is not None else options.type,
        )
    if options.rounding != "reference":
        raise InputError("a file has one rounding", expected="calibration alone", found=options.rounding)
    out = Path(out)
    check_free(out, force=options.force)
    model = gguf.read_model(source, pre=options.pre)
    names = gguf_names(model)
    with temporary_folder("calibrating") as folder:
        plain = gguf.convert(source, folder / "plain.gguf", replace(options, force=False))
        stored = gguf.read_gguf(plain.path).tensors
        rounded: list[RoundedTensor] = []

        def report(done: int, total: int) -> None:
            if progress is not None:
                progress(done, total, out.name)

        for layer in layer_inputs(source, sequences.ids, _products, revise=True, progress=report):
            for path, module in layer.matrices.items():
                info = stored[names[path]]
                if info.type != options.type.lower():
                    continue
                check_finite(layer.sums[path], info.name, source)
                result = _rounded(module, layer.sums[path], info.type)
                heads = model.family.heads(info.name, model.directory.config)
                gguf.overwrite_tensor(info, np.ascontiguousarray(gguf.to_gguf_rows(result.blocks, heads)))
                rounded.append(RoundedTensor(info.name, result.loss, result.plain_loss, result.second_order))
        if not rounded:
            raise InputError("no matrix to calibrate", where=source, expected=f"layers with {options.type}")
        entry = gguf.Entry(gguf.ROUNDING_KEY, "str", "calibrated")
        size = gguf.copy_gguf(plain.path, out, [entry], force=options.force)
    seconds = time.perf_counter() - began
    conversion = replace(plain, path=out, files=[out], bytes=size, seconds=seconds)
    return CalibratedResult(conversion, rounded, sequences.tokens)


def _rounded(module: Module, hessian: Float64s, type_name: str) -> Rounded:
    """Round a layer's matrix, which then has the values of its blocks."""
    result = round_columns(np.array(module.weight), hessian, type_name)
    module.weight = mx.array(result.values)
    return result


def _products(x: Array) -> Array:
    """Products of the columns of [tokens, columns] with each other, [columns, columns]."""
    return x.T @ x
