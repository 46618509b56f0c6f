"""Numbers: every tensor and every row beside the source's, within what rounding to its type can do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from t2sql.gguf import (
    ROUNDING_KEY,
    Family,
    FloatArray,
    GgufFile,
    HfDirectory,
    TensorInfo,
    row_chunks,
    to_gguf_rows,
)
from t2sql.progress import Progress
from t2sql.verification.blocks import Rounding
from t2sql.verification.bounds import bounds_of
from t2sql.verification.divergence import Floats
from t2sql.verification.result import Check, TensorError

# Smaller values vanish beside the float16 scale of their block, which is not an error of the file.
_FLOOR = 2.0**-20
# An importance matrix may make single weights worse than ggml's rounding does, but a tensor at most by this.
_WORSE_THAN_ROUNDING = 1.5
# Rounding of second order moves weights further, so that errors of products cancel.
_WORSE_WHEN_CALIBRATED = 3.0


@dataclass(frozen=True)
class _Measured:
    """One tensor.

    Attributes:
        error: Its errors.
        excess: How far the error of its worst row is over the row's bound; negative within it.
        bound: The bound of the whole tensor's error.
    """

    error: TensorError
    excess: float
    bound: float


@dataclass(frozen=True)
class _Pair:
    """A tensor of the source and its form in the file.

    Attributes:
        original: The source's tensor.
        info: The file's tensor.
        heads: The heads whose rows are in another order in the file; 0 for none.
        offset: What the file has added to every element.
    """

    original: TensorInfo
    info: TensorInfo
    heads: int
    offset: float

    def rows(self) -> Iterator[tuple[int, FloatArray, FloatArray]]:
        """Yield chunks in the file's order, as (index of the first row, source's rows, file's rows)."""
        original, info = self.original, self.info
        if self.heads:
            reordered = to_gguf_rows(original.float32().reshape(original.shape[0], -1), self.heads)
            yield 0, self._offset(reordered.reshape(original.rows, -1)), info.float32()
            return
        for start, stop in row_chunks(info):
            yield start, self._offset(original.float32(start, stop)), info.float32(start, stop)

    def _offset(self, rows: FloatArray) -> FloatArray:
        return rows + rows.dtype.type(self.offset) if self.offset else rows


def check_numbers(
    directory: HfDirectory,
    family: Family,
    names: Mapping[str, str],
    gguf: GgufFile,
    progress: Progress | None = None,
) -> tuple[list[Check], list[TensorError]]:
    """Compare every tensor with the source's.

    Args:
        directory: The source.
        family: Its family.
        names: GGUF name -> Hugging Face name of all tensors.
        gguf: The file, whose structure is known to be right.
        progress: Counts tensors.

    Returns:
        A check for values that are not finite and, for each type, checks of the worst row, the worst tensor
        and the codes that rounding cannot give; and the errors of all tensors.
    """
    measured: list[_Measured] = []
    infinite: list[str] = []
    wrong_codes: dict[str, list[str]] = {}
    calibrated = gguf.get(ROUNDING_KEY) == "calibrated"
    for done, (name, hf) in enumerate(names.items()):
        if progress is not None:
            progress(done, len(names), name)
        info = gguf.tensors[name]
        rounding = Rounding(info, moves_codes=calibrated)
        pair = _Pair(directory.tensors[hf], info, family.heads(name, directory.config), family.offset(name))
        worse = _WORSE_WHEN_CALIBRATED if calibrated else _WORSE_THAN_ROUNDING
        tensor = _measure(pair, rounding, worse)
        if tensor is None:
            infinite.append(name)
            continue
        measured.append(tensor)
        if rounding.exists:
            wrong_codes.setdefault(tensor.error.type, []).extend(rounding.wrong)
    checks = [Check("numbers/finite", not infinite, len(infinite), 0, ", ".join(infinite[:3]))]
    checks += _check_factors(family.computed(directory.config), gguf)
    for type_name in sorted({tensor.error.type for tensor in measured}):
        of_type = [tensor for tensor in measured if tensor.error.type == type_name]
        checks += _check_type(type_name, of_type)
        if type_name in wrong_codes:
            wrong = wrong_codes[type_name]
            checks.append(Check(f"numbers/{type_name} codes", not wrong, len(wrong), 0, "; ".join(wrong[:3])))
    return checks, [tensor.error for tensor in measured]


def _check_factors(expected: Mapping[str, FloatArray], gguf: GgufFile) -> list[Check]:
    """Check the factors of scaled rotary positions, which no checkpoint holds."""
    if not expected:
        return []
    wrong = []
    for name, values in expected.items():
        found = gguf.tensors[name].float32().ravel()
        if found.shape != values.shape:
            wrong.append(f"{name} has {found.size} factors instead of {values.size}")
        elif not np.allclose(found, values, rtol=1e-6, atol=0):
            worst = int(np.abs(found / values - 1).argmax())
            wrong.append(f"{name} number {worst} is {found[worst]:.6g} instead of {values[worst]:.6g}")
    return [Check("numbers/rotary factors", not wrong, len(wrong), 0, "; ".join(wrong))]


def _check_type(type_name: str, tensors: Sequence[_Measured]) -> list[Check]:
    """Check the worst row and the worst tensor of one type."""
    row = max(tensors, key=lambda tensor: tensor.excess)
    whole = max(tensors, key=lambda tensor: (tensor.error.error - tensor.bound, tensor.error.error))
    return [
        Check(
            f"numbers/{type_name} row error",
            row.excess <= 0,
            round(row.error.row_error, 9),
            bounds_of(type_name).row,
            f"worst {row.error.name} row {row.error.row}",
        ),
        Check(
            f"numbers/{type_name} tensor error",
            whole.error.error <= whole.bound,
            round(whole.error.error, 9),
            round(whole.bound, 9),
            f"worst {whole.error.name}",
        ),
    ]


def _measure(pair: _Pair, rounding: Rounding, worse: float) -> _Measured | None:
    """The errors of a tensor, at most `worse` times those of rounding; None when a value is not finite."""
    info, bounds = pair.info, bounds_of(pair.info.type)
    floor = 0.0 if info.type == "f32" else _FLOOR
    squared = squared_norm = squared_rounding = 0.0
    excess, row, row_error = -math.inf, 0, 0.0
    for first, x, y in pair.rows():
        errors, norms = _row_norms(x - y), _row_norms(x)
        if not math.isfinite(float(errors.sum())):
            return None
        squared += float((errors**2).sum())
        squared_norm += float((norms**2).sum())
        squared_rounding += rounding.compare(first, x, y, errors)
        over = errors - bounds.row * norms - floor * x.shape[1] ** 0.5
        worst = int(over.argmax())
        if float(over[worst]) > excess:
            excess, row = float(over[worst]), first + worst
            row_error = float(errors[worst]) / (float(norms[worst]) or 1.0)
    norm = squared_norm**0.5 or 1.0
    bound = max(
        bounds.tensor + floor * pair.original.elements**0.5 / norm,
        worse * squared_rounding**0.5 / norm,
    )
    return _Measured(TensorError(info.name, info.type, squared**0.5 / norm, row, row_error), excess, bound)


def _row_norms(rows: FloatArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The Euclidean norm of each row, [rows]."""
    # float32 products summed pairwise lose nothing that matters here; a float64 copy costs twice the pass.
    squares: Floats = np.einsum("ij,ij->i", rows, rows)
    return np.sqrt(squares.astype(np.float64))
