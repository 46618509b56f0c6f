"""The streaming pass while it runs: stopped, killed, out of room, its input changed; and its memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t2sql import _core
from t2sql.errors import InputError, WorkError

pytestmark = pytest.mark.slow

MB = 1 << 20


def sparse_source(path: Path, rows: int) -> Path:
    """Zeros [rows, 1024] in float32 that take no room on the disk."""
    entry = {"dtype": "F32", "shape": [rows, 1024], "data_offsets": [0, rows * 4096]}
    header = json.dumps({"x": entry}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 4096)
    return path


def plan(source: Path, rows: int, dtype: str = "q4_0", name: str = "x") -> _core.TensorPlan:
    return _core.TensorPlan(name=name, path=source, source="x", shape=[rows, 1024], dtype=dtype)


def start(source: Path, rows: int, out: Path) -> subprocess.Popen[str]:
    """The pass in a process of its own, once it has begun to write over the file `out`."""
    code = textwrap.dedent(
        f"""
        import sys
        from t2sql import _core
        plan = _core.TensorPlan(
            name="x", path=sys.argv[1], source="x", shape=[{rows}, 1024], dtype="q4_0"
        )
        begun = lambda done, total, name: done and print(done, flush=True)
        try:
            _core.write_gguf(sys.argv[2], [], [plan], threads=1, force=True, progress=begun)
        except KeyboardInterrupt:
            sys.exit(130)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(source), str(out)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_or_killed_pass_leaves_nothing_but_the_old_file(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    rows = 1 << 20
    source = sparse_source(tmp_path / "sparse.safetensors", rows)
    out = tmp_path / "m.gguf"
    out.write_text("old")
    with start(source, rows, out) as process:
        process.send_signal(number)
        assert process.wait(60) == code
    assert out.read_text() == "old"
    left = {path.name for path in tmp_path.iterdir()} - {"m.gguf", "sparse.safetensors"}
    # Where the filesystem has no files without a name, a killed process cannot remove its own.
    assert not left or (number == signal.SIGKILL and all(name.startswith(".m.gguf.tmp-") for name in left))


def test_a_pass_is_cancelled_within_200_ms(tmp_path: Path) -> None:
    """The best of a few: a busy machine may take its time, a pass that does not look up always does."""
    rows = 1 << 20
    source = sparse_source(tmp_path / "sparse.safetensors", rows)
    waits = []
    for _ in range(5):
        cancelled = 0.0

        def cancel(done: int, total: int, name: str) -> None:
            nonlocal cancelled
            if done:
                cancelled = time.monotonic()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, rows)], progress=cancel)
        waits.append(time.monotonic() - cancelled)
    assert min(waits) < 0.2, waits
    assert [path.name for path in tmp_path.iterdir()] == ["sparse.safetensors"]


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    """The interpreter lock is released: a Python thread counts while the pass runs."""
    import threading

    rows = 1 << 17
    source = sparse_source(tmp_path / "sparse.safetensors", rows)
    counted, stop = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.wait(0.001):
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, rows)])
    stop.set()
    thread.join()
    assert counted > 3


@pytest.mark.parametrize("change", ["touched", "longer"])
def test_an_input_that_changes_meanwhile_is_an_error(change: str, tmp_path: Path) -> None:
    rows = 1 << 15
    source = sparse_source(tmp_path / "sparse.safetensors", rows)

    def meddle(done: int, total: int, name: str) -> None:
        if change == "touched":
            os.utime(source, (1, 1))
        else:
            with source.open("ab") as file:
                file.write(b"more")

    with pytest.raises(WorkError, match=r"input changed while it was read \(.*sparse.safetensors\)"):
        _core.write_gguf(tmp_path / "m.gguf", [], [plan(source, rows)], progress=meddle)
    assert [path.name for path in tmp_path.iterdir()] == ["sparse.safetensors"]


def test_a_set_fails_as_a_whole(tmp_path: Path) -> None:
    source = sparse_source(tmp_path / "x.safetensors", 64)
    bad = np.full((1, 1024), np.nan, np.float32)
    from safetensors.numpy import save_file

    save_file({"x": bad}, tmp_path / "bad.safetensors")
    files: list[Any] = [
        (tmp_path / "a.gguf", [], [plan(source, 64)]),
        (tmp_path / "b.gguf", [], [plan(tmp_path / "bad.safetensors", 1)]),
    ]
    with pytest.raises(InputError, match="not a finite number"):
        _core.write_ggufs(files)
    files[1] = (tmp_path / "b.gguf", [], [plan(source, 64)])
    (tmp_path / "b.gguf").write_text("old")
    with pytest.raises(InputError, match=r"output exists .*b.gguf"):
        _core.write_ggufs(files)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.gguf", "bad.safetensors", "x.safetensors"]
    summary = _core.write_ggufs(files, force=True)
    assert summary["tensors"] == 2
    assert summary["bytes"] == sum((tmp_path / name).stat().st_size for name in ("a.gguf", "b.gguf"))


def test_a_target_on_another_filesystem_is_written_there(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("elsewhere: there is no second file system to write to")
    source = sparse_source(tmp_path / "x.safetensors", 64)
    out = other / f"t2sql-test-{os.getpid()}.gguf"
    try:
        for force in (False, True):
            _core.write_gguf(out, [], [plan(source, 64)], force=force)
            assert _core.read_gguf(out)["tensors"][0]["shape"] == [64, 1024]
        assert not list(other.glob(f".{out.name}*"))
    finally:
        out.unlink(missing_ok=True)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A real one, of 4 MB, mounted in a namespace of its own: the reservation finds it full."""
    source = sparse_source(tmp_path / "x.safetensors", 4096)
    (tmp_path / "disk").mkdir()
    code = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from t2sql import _core
        from t2sql.errors import WorkError
        plan = _core.TensorPlan(name="x", path=sys.argv[1], source="x", shape=[4096, 1024], dtype="q8_0")
        out = Path(sys.argv[2]) / "m.gguf"
        out.write_text("old")
        try:
            _core.write_gguf(out, [], [plan], force=True)
        except WorkError as error:
            assert out.read_text() == "old" and os.listdir(sys.argv[2]) == ["m.gguf"], os.listdir(sys.argv[2])
            print(error)
        """
    )
    script = 'mount -t tmpfs -o size=4m t2sql "$4" && exec "$1" -c "$2" "$3" "$4"'
    arguments = [sys.executable, code, str(source), str(tmp_path / "disk")]
    try:
        run = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *arguments],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("elsewhere: unshare is not installed")
    if "unshare:" in run.stderr or "mount:" in run.stderr:
        pytest.skip(f"elsewhere: nothing can be mounted: {run.stderr.strip()}")
    assert run.stdout.startswith("not enough free disk"), run.stdout + run.stderr


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="elsewhere: private memory is read from /proc"
)
def test_private_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    from support import memory

    small, large = (memory.peak(megabytes, tmp_path) for megabytes in (64, 512))
    assert large < 256 * MB and large - small < 32 * MB, (small, large)
