"""Private memory of a conversion, by size of the input: `python tests/memory.py --gigabytes 1 8`.

The input is a sparse file of zeros and the output Q4_0, so that disk is needed for the output only. What
counts is the highest RssAnon that /proc shows during the pass, less what the interpreter had before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

_CHILD = """
import sys
from t2sql import _core

def private():
    status = open("/proc/self/status").read()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024

rows = int(sys.argv[3])
plan = _core.TensorPlan(name="x", path=sys.argv[1], source="x", shape=[rows, 4096], dtype="q4_0")
before, peak = private(), 0

def look(done, total, name):
    global peak
    peak = max(peak, private())

_core.write_gguf(sys.argv[2], [], [plan], progress=look)
print(peak - before)
"""


def peak(megabytes: int, folder: Path) -> int:
    """The most bytes that converting so much float32 takes, over the interpreter's own."""
    rows = megabytes * (1 << 20) // (4096 * 4)
    source, out = folder / "memory.safetensors", folder / "memory.gguf"
    entry = {"dtype": "F32", "shape": [rows, 4096], "data_offsets": [0, rows * 4096 * 4]}
    header = json.dumps({"x": entry}).encode()
    with source.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 4096 * 4)
    try:
        command = [sys.executable, "-c", _CHILD, str(source), str(out), str(rows)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        source.unlink(missing_ok=True)
        out.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[1.0, 8.0])
    with tempfile.TemporaryDirectory() as folder:
        for size in parser.parse_args().gigabytes:
            print(f"{size:g} GB: {peak(round(size * 1000), Path(folder)) / 1e6:.1f} MB private")


if __name__ == "__main__":
    main()
