"""Numbers: every row of every tensor against the source, within what rounding to its type can do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from t2sql.gguf.container import GgufFile, TensorInfo, row_chunks
from t2sql.gguf.families import Family
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.verification.bounds import bounds_of
from t2sql.gguf.verification.result import Check
from t2sql.gguf.weights import to_gguf_rows

if TYPE_CHECKING:
    import numpy as np

# Below this a value is lost in the float16 scale of its block: not an error of the file.
_FLOOR = 2.0**-20


def check_numbers(
    directory: HfDirectory,
    family: Family,
    names: dict[str, str],
    gguf: GgufFile,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Check]:
    """One check a type for the worst row, preceded by one for values that are not finite."""
    worst: dict[str, tuple[float, float, str]] = {}
    errors: dict[str, list[float]] = {}
    infinite = []
    pairs = [(name, hf) for name, hf in names.items() if name in gguf.tensors]
    for done, (name, hf) in enumerate(pairs):
        if progress is not None:
            progress(done, len(pairs), name)
        info, original = gguf.tensors[name], directory.tensors[hf]
        if info.shape != original.shape:
            continue
        bound = bounds_of(info.type).row
        offset = family.offset(name)
        for first, x, y in _rows(original, info, family.heads(name, directory.config)):
            if offset:
                x = x + x.dtype.type(offset)
            difference, norm = _norm(x - y), _norm(x)
            if not math.isfinite(float(difference.sum())):
                infinite.append(name)
                break
            total = errors.setdefault(info.type, [0.0, 0.0])
            total[0] += float((difference**2).sum())
            total[1] += float((norm**2).sum())
            floor = 0.0 if info.type == "f32" else _FLOOR * x.shape[1] ** 0.5
            excess = difference - bound * norm - floor
            row = int(excess.argmax())
            if float(excess[row]) >= worst.get(info.type, (-math.inf,))[0]:
                relative = float(difference[row]) / (float(norm[row]) or 1.0)
                worst[info.type] = (float(excess[row]), relative, f"{name} row {first + row}")
    checks = [Check("numbers/finite", not infinite, len(infinite), 0, ", ".join(infinite[:3]))]
    for type_, (excess_, relative, where) in sorted(worst.items()):
        difference_, norm_ = errors[type_]
        mean = (difference_ / norm_) ** 0.5 if norm_ else 0.0
        detail = f"worst {where}; all {type_} weights together {mean:.2g}"
        bound = bounds_of(type_).row
        checks.append(Check(f"numbers/{type_} row error", excess_ <= 0, round(relative, 9), bound, detail))
    return checks


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
