"""An input that is shortened while it is read: an error on every path, and never a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from t2sql import _core

ROWS, COLUMNS = 1 << 16, 1024
# Run in a process of its own, since a signal would end it. The file is shortened once progress is reported.
SCRIPT = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from t2sql import _core
    from t2sql.errors import WorkError

    path, options = Path(sys.argv[1]), {options}
    if options.get("affine"):
        named = {{part: (path, part) for part in ("scales", "biases")}}
        options["affine"] = _core.AffineSource(bits=4, group_size=64, **named)
    plan = _core.TensorPlan(name="w", path=path, shape=[{rows}, {columns}], dtype="q4_0", **options)
    shorten = lambda done, total, tensor: os.truncate(path, 5000)
    try:
        _core.write_gguf(path.with_name("out.gguf"), [], [plan], threads={threads}, progress=shorten)
    except WorkError as error:
        print(error)
    """
)


def sparse_safetensors(path: Path) -> Path:
    """Zeros that take no room on the disk: float32 `w`, and a matrix of 4 bits as MLX quantizes it."""
    parts = [
        ("w", "F32", COLUMNS, 4),
        ("codes", "U32", COLUMNS // 8, 4),
        ("scales", "F16", COLUMNS // 64, 2),
        ("biases", "F16", COLUMNS // 64, 2),
    ]
    header, end = {}, 0
    for name, dtype, columns, size in parts:
        start, end = end, end + ROWS * columns * size
        header[name] = {"dtype": dtype, "shape": [ROWS, columns], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


def q8_0_gguf(path: Path) -> Path:
    """The same `w` as a GGUF of blocks."""
    source = sparse_safetensors(path.with_suffix(".safetensors"))
    plan = _core.TensorPlan(name="w", path=source, source="w", shape=[ROWS, COLUMNS], dtype="q8_0")
    _core.write_gguf(path, [], [plan])
    source.unlink()
    return path


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.safetensors", {"source": "w"}),
        ("a.safetensors", {"source": "w", "permute_heads": ROWS // 64}),
        ("a.safetensors", {"source": "codes", "affine": True}),
        ("a.gguf", {"source": "w"}),
    ],
    ids=["plain", "permuted", "mlx", "gguf"],
)
def test_a_shortened_input_is_an_error(
    name: str, options: dict[str, Any], threads: int, tmp_path: Path
) -> None:
    path = (q8_0_gguf if name.endswith(".gguf") else sparse_safetensors)(tmp_path / name)
    script = SCRIPT.format(options=options, rows=ROWS, columns=COLUMNS, threads=threads)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"input changed while it was read ({path})" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_bus_error_elsewhere_goes_to_the_handler_before(tmp_path: Path) -> None:
    path = sparse_safetensors(tmp_path / "a.safetensors")
    script = """
        import faulthandler, mmap, os, sys
        faulthandler.enable()
        from t2sql import _core
        _core.read_safetensors(sys.argv[1])
        with open(sys.argv[1], "r+b") as file:
            foreign = mmap.mmap(file.fileno(), 0)
            os.truncate(sys.argv[1], 0)
            foreign[100_000]
        """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGBUS
    assert "Bus error" in done.stderr
