"""The kernels beside ggml's C reference, gguf-py and plain copies: one process, the same buffers, in turn."""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from libgguf import _libgguf

ROOT = Path(__file__).parents[1]
# ggml's number of a type, and bytes and values of a block.
TYPES = {
    "q8_0": (8, 34, 32),
    "q4_1": (3, 20, 32),
    "q4_0": (2, 18, 32),
    "q5_1": (7, 24, 32),
    "q5_0": (6, 22, 32),
    "q4_k": (12, 144, 256),
    "q5_k": (13, 176, 256),
    "q6_k": (14, 210, 256),
}
LEN = 16 << 20  # 64 MiB of float32


def alternate(
    contestants: dict[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    between: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """Median seconds of each, run in turn, so that what else the machine does falls on all alike.

    A contestant that returns a float has timed itself. Where one thread does the work, `time.process_time` as
    the clock leaves out the time it was made to wait. `between` comes before each turn, off the clock.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        between()
        run()
    for _ in range(rounds):
        for name, run in contestants.items():
            between()
            started = clock()
            said = run()
            seconds[name].append(said if isinstance(said, float) else clock() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def ours() -> ctypes.CDLL:
    """The Rust kernels, built now."""
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--package", "t2sql-benches", "--lib"],
        cwd=ROOT,
        check=True,
    )
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, check=True, capture_output=True
    )
    target = Path(json.loads(metadata.stdout)["target_directory"]) / "release"
    library = next(p for end in ("so", "dylib") if (p := target / f"libt2sql_benches.{end}").exists())
    door = ctypes.CDLL(str(library))
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    for name in ("t2sql_quantize", "t2sql_dequantize"):
        function = getattr(door, name)
        function.argtypes = [ctypes.c_uint32, pointer, size, pointer, size]
        function.restype = None
    door.t2sql_read.argtypes, door.t2sql_read.restype = [pointer, size], ctypes.c_uint64
    return door


def reference() -> ctypes.CDLL:
    """The C functions of ggml, as libgguf's extension module carries them."""
    library = ctypes.CDLL(_libgguf.__file__)
    for name in TYPES:
        function = getattr(library, f"quantize_{name}")
        function.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_void_p,
        ]
        function.restype = ctypes.c_size_t
    return library


def measure(rounds: int, gguf_py: bool = True) -> dict[str, Any]:
    """Seconds and ratios of each format, one thread and two, with what memory allows."""
    door, c = ours(), reference()
    x = np.random.default_rng(1).standard_normal(LEN, dtype=np.float32) * np.float32(0.04)
    copy = np.zeros_like(x)
    pool = ThreadPoolExecutor(2)
    half = LEN // 2

    def copy_halves() -> None:
        list(pool.map(lambda at: np.copyto(copy[at : at + half], x[at : at + half]), (0, half)))

    result: dict[str, Any] = {"input_bytes": x.nbytes, "formats": {}}
    for name, (number, block, values) in TYPES.items():
        mine, theirs = (np.zeros(LEN // values * block, np.uint8) for _ in range(2))

        def run(threads: int, number: int = number, out: np.ndarray = mine) -> None:
            door.t2sql_quantize(number, x.ctypes.data, LEN, out.ctypes.data, threads)

        def run_c(name: str = name, out: np.ndarray = theirs) -> None:
            getattr(c, f"quantize_{name}")(x.ctypes.data, out.ctypes.data, LEN // 4096, 4096, None)

        one: dict[str, Callable[[], object]] = {
            "t2sql, 1 thread": lambda run=run: run(1),
            "libgguf (C), 1 thread": run_c,
            "read only, 1 thread": lambda: door.t2sql_read(x.ctypes.data, LEN // 2),
            "copy, 1 thread": lambda: np.copyto(copy, x),
        }
        two: dict[str, Callable[[], object]] = {
            "1 thread beside 2": lambda run=run: run(1),
            "t2sql, 2 threads": lambda run=run: run(2),
            "copy, 2 threads": copy_halves,
        }
        seconds = alternate(one, rounds, time.process_time) | alternate(two, rounds)
        np.testing.assert_array_equal(mine, theirs)
        if gguf_py and values == 32:  # gguf-py only expands K-quants
            kind = gguf.GGMLQuantizationType(number)
            rows = x.reshape(-1, 4096)
            seconds["gguf-py"] = alternate({"it": lambda r=rows, k=kind: gguf.quants.quantize(r, k)}, 3)["it"]
        moved, copied = x.nbytes + mine.nbytes, 2 * x.nbytes
        rate = {who: (moved if "t2sql" in who else copied) / s for who, s in seconds.items()}
        result["formats"][name] = {
            "seconds": seconds,
            "times_c": seconds["libgguf (C), 1 thread"] / seconds["t2sql, 1 thread"],
            "times_gguf_py": seconds.get("gguf-py", 0) / seconds["t2sql, 1 thread"],
            "input_gb_per_s": x.nbytes / seconds["t2sql, 1 thread"] / 1e9,
            "of_read_only": seconds["read only, 1 thread"] / seconds["t2sql, 1 thread"],
            "of_copy_1": rate["t2sql, 1 thread"] / rate["copy, 1 thread"],
            "of_copy_2": rate["t2sql, 2 threads"] / rate["copy, 2 threads"],
            "speed_up_2": seconds["1 thread beside 2"] / seconds["t2sql, 2 threads"],
        }
    return result


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15, gguf_py=False), indent=1))
