"""Random bit patterns through the kernels and through ggml's C reference (libgguf), byte for byte.

    python benches/exactness.py --values 1000000000      each format, each instruction set of this machine

Blocks for which C leaves a cast undefined are left out here. There the scalar code is the specification, and
`T2SQL_VALUES=1000000000 cargo test --release --test simd` compares every instruction set with it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

import libgguf
import numpy as np

from t2sql import _core

TYPES = {"q8_0": 8, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q4_K": 12, "q5_K": 13, "q6_K": 14}
# Values and bytes of a block.
SIZES = {name: libgguf.GGML_QUANT_SIZES[libgguf.GGMLQuantizationType(n)] for name, n in TYPES.items()}
# The divisor of the largest magnitude, or of the range, that gives the scale.
DIVISORS = {"q8_0": 127, "q4_0": 8, "q5_0": 16, "q4_1": 15, "q5_1": 31}
ROWS, ROW = 256, 4096
STYLES = ("any bits", "like exponents", "few mantissa bits", "as bf16", "as f16")


def values(rng: np.random.Generator, style: str) -> np.ndarray:
    """float32 [ROWS, ROW]: of any bits; like weights; with ties and halves; of the two half types."""
    bits = rng.integers(0, 1 << 32, ROWS * ROW, dtype=np.uint32)
    if style == "as f16":
        return bits.astype(np.uint16).view(np.float16).astype(np.float32).reshape(ROWS, ROW)
    if style != "any bits":
        # A row's exponents are within six of each other.
        base = rng.integers(1, 249, (ROWS, 1), dtype=np.uint32)
        near = bits.reshape(ROWS, ROW) >> np.uint32(23) & np.uint32(0xFF)
        bits = bits.reshape(ROWS, ROW) & np.uint32(0x807FFFFF) | (base + near % np.uint32(6)) << np.uint32(23)
    if style == "few mantissa bits":
        bits &= np.uint32(0xFFF00000)
    if style == "as bf16":
        bits &= np.uint32(0xFFFF0000)
    return bits.view(np.float32).reshape(ROWS, ROW)


def defined(x: np.ndarray, type_: str) -> np.ndarray:
    """Which of the blocks [n, values] C says something about: finite values and, but for K types, 1/d."""
    if type_ not in DIVISORS:
        return np.isfinite(x).all(-1)
    with np.errstate(all="ignore"):
        if type_ in ("q4_1", "q5_1"):
            d = (x.max(-1) - x.min(-1)) / np.float32(DIVISORS[type_])
        else:
            d = np.abs(x).max(-1) / np.float32(DIVISORS[type_])
        # A NaN in the block is one in d.
        return np.isfinite(d) & ((d == 0) | np.isfinite(1 / d))


def compare(count: int, seed: int) -> None:
    """At least `count` values of each format, both ways, here and in C; raises where bytes differ."""
    rng = np.random.default_rng(seed)
    done = 0
    compared = dict.fromkeys(TYPES, 0)
    started = time.perf_counter()
    while min(compared.values()) < count:
        style = STYLES[done % len(STYLES)]
        x = values(rng, style)
        done += 1
        for type_, number in TYPES.items():
            blocks = x.reshape(-1, SIZES[type_][0])
            sure = defined(blocks, type_)
            got = _core.quantize_rows(x, type_, 1).reshape(len(sure), -1)[sure]
            # C must not see the others: what it does with them is anything.
            clean = blocks[sure]
            want = libgguf.quantize_rows(clean, number)
            np.testing.assert_array_equal(got, want, err_msg=f"{type_}, {style}")
            back = _core.dequantize_rows(got, type_, 1).view(np.uint32)
            expanded = np.asarray(libgguf.dequantize_rows(want, number)).view(np.uint32)
            # An infinite scale (beyond half precision) times a code of zero is a NaN of either sign.
            nan = ((back & 0x7FFFFFFF) > 0x7F800000) & ((expanded & 0x7FFFFFFF) > 0x7F800000)
            if not ((back == expanded) | nan).all():
                raise AssertionError(f"{type_}, {style}: expanded otherwise")
            compared[type_] += clean.size
            if style != "any bits":
                compare_weighted(rng, x[:16], type_)
    counts = ", ".join(f"{type_} {n:,}" for type_, n in compared.items())
    print(f"{_core.simd()}: equal to libgguf on {counts} values in {time.perf_counter() - started:.0f} s")


def compare_weighted(rng: np.random.Generator, x: np.ndarray, type_: str) -> None:
    """Rows [n, ROW] with random importance weights, some of them zero; raises where bytes differ."""
    x = np.ascontiguousarray(x[np.isfinite(x).all(-1)])
    if not len(x):
        return
    weights = rng.random((1, ROW), dtype=np.float32) ** 3
    weights[rng.random((1, ROW)) < 0.1] = 0
    got = _core.quantize_rows(x, type_, 1, weights)
    want = libgguf.quantize_rows(x, TYPES[type_], weights[0])
    np.testing.assert_array_equal(got, want, err_msg=f"{type_} with weights")


def main() -> int:
    """Compare, in a process for each instruction set; 1 when bytes differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", type=int, default=1_000_000, help="values of each format at the least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--simd", help="only this instruction set")
    args = parser.parse_args()
    if args.simd:
        # Read before the first kernel of the process runs.
        os.environ["T2SQL_SIMD"] = args.simd
        compare(args.values, args.seed)
        return 0
    for simd in ("scalar", "avx2", "avx512", "neon"):
        env = {**os.environ, "T2SQL_SIMD": simd}
        probe = [sys.executable, "-c", "from t2sql import _core; _core.simd()"]
        if subprocess.run(probe, env=env, capture_output=True).returncode:
            print(f"{simd}: not on this machine")
            continue
        command = [
            sys.executable,
            __file__,
            "--simd",
            simd,
            "--values",
            str(args.values),
            "--seed",
            str(args.seed),
        ]
        if subprocess.run(command, env=env).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
