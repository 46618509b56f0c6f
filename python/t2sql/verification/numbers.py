"""Numbers: every tensor and every row against the source, within what rounding to its type can do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from t2sql.gguf import Family, GgufFile, HfDirectory, TensorInfo, row_chunks, to_gguf_rows
from t2sql.verification.blocks import Rounding
from t2sql.verification.bounds import bounds_of
from t2sql.verification.result import Check, TensorError

if TYPE_CHECKING:
    import numpy as np

# Below this a value is lost in the float16 scale of its block: not an error of the file.
_FLOOR = 2.0**-20
# An importance matrix may make single weights worse than ggml's plain rounding does, never a tensor so much.
_WORSE = 1.5

Progress = Callable[[int, int, str], None]


@dataclass
class _Tensor:
    """What one tensor adds up to. `excess` is how far its worst row lies over its bound."""

    error: TensorError
    excess: float
    bound: float


def check_numbers(
    directory: HfDirectory,
    family: Family,
    names: dict[str, str],
    gguf: GgufFile,
    progress: Progress | None = None,
) -> tuple[list[Check], list[TensorError]]:
    """For each type the worst row, the worst tensor and codes that rounding cannot give; first, NaN."""
    measured: list[_Tensor] = []
    infinite: list[str] = []
    wrong_codes: dict[str, list[str]] = {}
    for done, (name, hf) in enumerate(names.items()):
        if progress is not None:
            progress(done, len(names), name)
        rounding = Rounding(gguf.tensors[name])
        heads, offset = family.heads(name, directory.config), family.offset(name)
        tensor = _measure(directory.tensors[hf], gguf.tensors[name], heads, offset, rounding)
        if tensor is None:
            infinite.append(name)
            continue
        measured.append(tensor)
        if rounding.exists:
            wrong_codes.setdefault(tensor.error.type, []).extend(rounding.wrong)
    checks = [Check("numbers/finite", not infinite, len(infinite), 0, ", ".join(infinite[:3]))]
    checks += _computed(family.computed(directory.config), gguf)
    for type_ in dict.fromkeys(sorted(tensor.error.type for tensor in measured)):
        of_type = [tensor for tensor in measured if tensor.error.type == type_]
        checks += _rows_and_tensors(type_, of_type)
        if type_ in wrong_codes:
            wrong = wrong_codes[type_]
            checks.append(Check(f"numbers/{type_} codes", not wrong, len(wrong), 0, "; ".join(wrong[:3])))
    return checks, [tensor.error for tensor in measured]


def _computed(expected: dict[str, np.ndarray], gguf: GgufFile) -> list[Check]:
    """The factors of scaled rotary positions, which are in no checkpoint."""
    if not expected:
        return []
    import numpy as np

    wrong = []
    for name, values in expected.items():
        found = gguf.tensors[name].float32().ravel()
        if found.shape != values.shape:
            wrong.append(f"{name} has {found.size} factors instead of {values.size}")
        elif not np.allclose(found, values, rtol=1e-6, atol=0):
            at = int(np.abs(found / values - 1).argmax())
            wrong.append(f"{name} number {at} is {found[at]:.6g} instead of {values[at]:.6g}")
    return [Check("numbers/rotary factors", not wrong, len(wrong), 0, "; ".join(wrong))]


def _rows_and_tensors(type_: str, tensors: list[_Tensor]) -> list[Check]:
    row = max(tensors, key=lambda t: t.excess)
    whole = max(tensors, key=lambda t: (t.error.error - t.bound, t.error.error))
    where = f"{row.error.name} row {row.error.row}"
    return [
        Check(
            f"numbers/{type_} row error",
            row.excess <= 0,
            round(row.error.row_error, 9),
            bounds_of(type_).row,
            f"worst {where}",
        ),
        Check(
            f"numbers/{type_} tensor error",
            whole.error.error <= whole.bound,
            round(whole.error.error, 9),
            round(whole.bound, 9),
            f"worst {whole.error.name}",
        ),
    ]


def _measure(
    original: TensorInfo, info: TensorInfo, heads: int, offset: float, rounding: Rounding
) -> _Tensor | None:
    """None when a value is not finite. `offset` is what the file has added to the original."""
    bounds = bounds_of(info.type)
    lost = whole = least = 0.0
    excess, row, row_error = -math.inf, 0, 0.0
    for first, x, y in _rows(original, info, heads):
        if offset:
            x = x + x.dtype.type(offset)
        difference, norm = _norm(x - y), _norm(x)
        if not math.isfinite(float(difference.sum())):
            return None
        lost += float((difference**2).sum())
        whole += float((norm**2).sum())
        least += rounding.compare(first, x, y, difference)
        floor = 0.0 if info.type == "f32" else _FLOOR * x.shape[1] ** 0.5
        over = difference - bounds.row * norm - floor
        at = int(over.argmax())
        if float(over[at]) > excess:
            excess, row = float(over[at]), first + at
            row_error = float(difference[at]) / (float(norm[at]) or 1.0)
    scale = whole**0.5 or 1.0
    floor = 0.0 if info.type == "f32" else _FLOOR * original.elements**0.5 / scale
    bound = max(bounds.tensor + floor, _WORSE * least**0.5 / scale)
    return _Tensor(TensorError(info.name, info.type, lost**0.5 / scale, row, row_error), excess, bound)


def _rows(original: TensorInfo, info: TensorInfo, heads: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """The same rows of source and file, in the file's order, as float32, with the first row's number."""
    if heads:
        whole = to_gguf_rows(original.float32().reshape(original.shape[0], -1), heads)
        yield 0, whole.reshape(original.rows, -1), info.float32()
        return
    for start, stop in row_chunks(info):
        yield start, original.float32(start, stop), info.float32(start, stop)


def _norm(x: np.ndarray) -> np.ndarray:
    import numpy as np

    # float32 products summed pairwise lose nothing that matters here; a float64 copy costs twice the pass.
    return np.sqrt(np.einsum("ij,ij->i", x, x).astype(np.float64))
