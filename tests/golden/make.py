"""The golden file: blocks where an implementation that is nearly right goes wrong, and what each must become.

python tests/golden/make.py      writes it again, from the scalar code, checked against libgguf
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "benches"))
from exactness import SIZES, TYPES, defined  # noqa: E402 (the path is set above)


def hard_blocks() -> np.ndarray:
    """float32 [blocks, 32]."""
    ramp = np.arange(32, dtype=np.float32)
    even = ramp % 2 == 0

    def alternate(a: float, b: float) -> np.ndarray:
        return np.where(even, np.float32(a), np.float32(b))

    def below(x: np.ndarray) -> np.ndarray:
        return np.nextafter(x.astype(np.float32), np.float32(0))

    most, least, tiny = np.finfo(np.float32).max, np.finfo(np.float32).tiny, np.float32(2.0**-149)
    half = np.arange(31) + 0.5
    blocks = [
        # Zeros: of both signs the first one's sign is the minimum's.
        alternate(0.0, 0.0),
        alternate(-0.0, -0.0),
        alternate(0.0, -0.0),
        alternate(-0.0, 0.0),
        np.where(ramp < 5, ramp, -0.0),
        alternate(-0.0, 7.0),
        alternate(0.0, -7.0),
        # One value, and the largest magnitude with both signs: the first one's sign counts.
        alternate(1.5, 1.5),
        alternate(-1.5, -1.5),
        alternate(3.0, -3.0),
        alternate(-3.0, 3.0),
        np.where(ramp == 31, -7.0, np.where(ramp == 0, 7.0, 0.1)),
        np.where(ramp == 31, 7.0, np.where(ramp == 0, -7.0, 0.1)),
        # Halves go away from zero, not to even, and what is just below a half is not carried over.
        ramp - 15.5,
        (ramp - 16) / 2,
        np.concatenate([[127.0], half]),
        np.concatenate([[-127.0], -half]),
        np.concatenate([[127.0], below(half)]),
        np.concatenate([[-127.0], -below(half)]),
        np.concatenate([[-8.0], np.arange(31) / 2 - 7.5]),
        np.concatenate([[8.0], np.arange(31) / 2 - 7.5]),
        np.concatenate([[-8.0], below(np.arange(31) / 2 - 7.5)]),
        np.concatenate([[15.0, 0.0], np.arange(30) / 2 + 0.5]),
        np.concatenate([[15.0, 0.0], below(np.arange(30) / 2 + 0.5)]),
        # The edges of half precision in the scale, and of float32 in the values.
        np.full(32, 2.0**-24) * 127,
        np.full(32, 2.0**-25) * 127,
        np.full(32, 65504.0) * 7.9,
        np.full(32, 65519.0) * 127 * (ramp / 31),
        np.full(32, 65520.0) * 127 * (ramp / 31),
        np.full(32, 1e30) * (ramp - 16),
        np.full(32, 1e-30) * (ramp - 16),
        alternate(most, most),
        alternate(most, -most),
        alternate(-most, most),
        alternate(least, least),
        alternate(tiny, tiny),
        alternate(tiny, -tiny),
        np.full(32, 1e-40),
    ]
    # From subnormal values, whose 1/d overflows, to the largest.
    for exponent in (
        -149,
        -140,
        -130,
        -126,
        -125,
        -123,
        -122,
        -121,
        -119,
        -30,
        -24,
        -17,
        0,
        18,
        22,
        100,
        127,
    ):
        unit = np.float32(2.0**exponent)
        blocks += [unit * ((ramp - 16) / 16), unit * ((16 - ramp) / 16), alternate(unit, -unit)]
        blocks.append(unit * (ramp / 31) + (unit if exponent < 127 else 0))
    for bits in (0x7FC00000, 0xFFC00000, 0x7F800001, 0x7F800000, 0xFF800000):
        for at in (0, 7, 15, 16, 31):
            block = ramp.copy()
            block.view(np.uint32)[at] = bits
            blocks.append(block)
    # Values that half types can hold, at their own edges.
    blocks += [
        np.full(32, 2.0**-24) * (ramp - 16),
        np.full(32, 2.0**-14) * (ramp - 16),
        65504.0 * (ramp - 16) / 16,
    ]
    out = np.empty((len(blocks), 32), np.float32)
    for row, block in zip(out, blocks, strict=True):
        row[:] = block
    return out


def blocks_of(x: np.ndarray, type_: str) -> np.ndarray:
    """The values as blocks of a type, float32 [blocks, values]; what is left over is left out."""
    values = SIZES[type_][0]
    return np.ascontiguousarray(x.reshape(-1)[: x.size // values * values].reshape(-1, values))


def write() -> None:
    os.environ["T2SQL_SIMD"] = "scalar"
    import libgguf

    from t2sql import _core

    hard = hard_blocks()
    (HERE / "blocks.f32").write_bytes(hard.tobytes())
    for type_, number in TYPES.items():
        x = blocks_of(hard, type_)
        blocks = _core.quantize_rows(x, type_)
        sure = defined(x, type_)
        np.testing.assert_array_equal(blocks[sure], libgguf.quantize_rows(x[sure], number))
        (HERE / f"blocks.{type_}").write_bytes(blocks.tobytes())
        print(f"{type_}: {len(x)} blocks, {sure.sum()} of them defined in C")


if __name__ == "__main__":
    write()
