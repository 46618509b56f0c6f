"""Blocks of a quantized tensor beside those that ggml's own rounding gives the same weights.

Another scale is a choice that a quantizer may make. With the same scale, a code more than one step away is
not rounding but damage, however small it is in its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from t2sql.gguf import TYPES, TensorInfo

if TYPE_CHECKING:
    import numpy as np

_SAME = 2.0**-9
_STEPS = 1.5
_NAMED = 100


class Rounding:
    """Compares a tensor's blocks, chunk by chunk, and collects in `wrong` where codes cannot be right."""

    def __init__(self, info: TensorInfo) -> None:
        self._info = info
        kind = TYPES.get(info.type)
        self.exists = kind is not None and kind.quantized
        self.wrong: list[str] = []

    def compare(self, first: int, x: np.ndarray, y: np.ndarray, difference: np.ndarray) -> float:
        """The squared error that ggml's rounding makes of rows `x`; 0 for a type that it does not make.

        `y` are the file's rows, `difference` the rows' errors.
        """
        if not self.exists:
            return 0.0
        import numpy as np

        from t2sql import _core

        # MLX's safetensors files do not align their tensors.
        rows = np.require(x, np.float32, ["C", "ALIGNED"])
        blocks = _core.quantize_rows(rows, self._info.type)
        stored = self._info.raw().reshape(self._info.rows, -1)[first : first + len(x)]
        own = (blocks == stored).all(axis=1)
        least = float((difference[own] ** 2).sum())
        other = np.flatnonzero(~own)
        if len(other):
            usual = _core.dequantize_rows(blocks[other], self._info.type)
            least += float(((x[other] - usual).astype(np.float64) ** 2).sum())
            self._find(first + other, blocks[other], stored[other], np.abs(y[other] - usual))
        return least

    def _find(self, rows: np.ndarray, usual: np.ndarray, stored: np.ndarray, apart: np.ndarray) -> None:
        import numpy as np

        kind = TYPES[self._info.type]
        width = kind.block_bytes
        step, step_found = _halves(usual, width, 0), _halves(stored, width, 0)
        same = np.abs(step - step_found) <= _SAME * np.abs(step)
        if kind.name == "q4_1":
            least, least_found = _halves(usual, width, 2), _halves(stored, width, 2)
            same &= np.abs(least - least_found) <= _SAME * np.abs(least)
        furthest = apart.reshape(len(rows), -1, kind.block).max(axis=2)
        bad = np.argwhere(same & (furthest > _STEPS * np.abs(step)))
        for row, block in bad[:_NAMED]:
            self.wrong.append(f"{self._info.name} row {rows[row]} block {block}")


def _halves(blocks: np.ndarray, width: int, at: int) -> np.ndarray:
    """The float16 numbers at a byte of every block, [rows, blocks]."""
    import numpy as np

    numbers = blocks.reshape(len(blocks), -1, width)[:, :, at : at + 2]
    return np.ascontiguousarray(numbers).view(np.float16)[:, :, 0].astype(np.float32)
