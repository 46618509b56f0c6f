"""What `t2sql doctor` looks at: a finding for each part of the installation, with a hint where one is due."""

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
from typing import Literal, TypeAlias

from t2sql import models, runtimes
from t2sql.cache import cache_dir
from t2sql.errors import InputError, T2sqlError
from t2sql.plain import JsonObject

State: TypeAlias = Literal["ok", "slow", "missing", "optional"]
"""ok, works but too slowly or in too little space, essential and missing, or optional and missing."""

Facts: TypeAlias = dict[str, str | bool | float | None]
"""Figures of a finding, by name, for programs."""

_MIN_GFLOPS = 20.0
_MIN_DISK = 3e9
_MIN_MEMORY = 4e9

_REINSTALL = "pip install --force-reinstall t2sql"

_EXTRAS = (
    ("postgresql", "psycopg", "postgres"),
    ("mariadb", "pymysql", "mariadb"),
    ("duckdb", "duckdb-sqlalchemy", "duckdb"),
    ("parquet", "pyarrow", "parquet"),
    ("server", "uvicorn", "serve"),
)
"""(part, package, extra of t2sql that installs it)."""


@dataclass(frozen=True)
class Finding:
    """What was found out about one part.

    Attributes:
        name: The part.
        state: How it is.
        found: What is there, in words.
        hint: What to do, such as a command; None where nothing is to be done.
        facts: Figures.
    """

    name: str
    state: State
    found: str
    hint: str | None = None
    facts: Facts = field(default_factory=dict)

    def to_dict(self) -> JsonObject:
        """The finding as `t2sql doctor --json` prints it; the hint has the name `mend` there."""
        return {
            "name": self.name,
            "state": self.state,
            "found": self.found,
            "mend": self.hint,
            "facts": self.facts,
        }


def examine() -> Iterator[Finding]:
    """Look at every part, in order. An error in looking at one is its finding."""
    parts: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("t2sql", _extension),
        ("mlx", _mlx),
        ("llama.cpp", _llama_cpp),
        ("demo model", _demo),
        ("disk", _machine),
        ("optional", _optional),
    ]
    for name, part in parts:
        try:
            yield from part()
        except Exception as error:
            yield Finding(name, "missing", f"{type(error).__name__}: {error}", _REINSTALL)


def _python() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", "ok" if good else "missing", found, None if good else "Python 3.11 or newer")


def _extension() -> Iterator[Finding]:
    try:
        # Here, because whether it loads is the question.
        from t2sql import _core
    except ImportError as error:
        hint = f"{_REINSTALL}, or in a clone: make setup"
        yield Finding("t2sql", "missing", f"t2sql._core does not load: {error}", hint)
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
    # The extension has training's products on Linux only.
    if hasattr(_core, "kernel_speeds"):
        yield _products(_core.kernel_speeds(), _core.fastest_bf16_kernels(), refused=_core.amx_refused())


def _products(speeds: list[tuple[str, bool, float]], chosen: str | None, *, refused: bool) -> Finding:
    """What training multiplies with under `--compute auto`, and how fast each kind of instruction was."""
    used = f"bfloat16 by {chosen}" if chosen else f"float32 by {speeds[0][0]}"
    measured = ", ".join(f"{name} {gflops:.0f}" for name, _, gflops in speeds)
    found = f"{used} (GFLOP/s: {measured})"
    if refused:
        found += "; this system lets no process use AMX"
    facts: Facts = {"compute": "bfloat16" if chosen else "float32", "kernels": chosen or speeds[0][0]}
    return Finding("products", "ok", found, facts=facts | {name: gflops for name, _, gflops in speeds})


def _mlx() -> Iterator[Finding]:
    if importlib.util.find_spec("mlx") is None:
        yield Finding("mlx", "missing", "not installed", runtimes.install.MLX)
        return
    try:
        runtimes.blas.load()
    except InputError as error:
        yield Finding("blas", "missing", str(error), "unset T2SQL_BLAS, or give it another library")
        return
    device = runtimes.device()
    try:
        policy = runtimes.policy()
    except InputError as error:
        yield Finding("mlx", "missing", str(error), "unset T2SQL_DEVICE_POLICY")
        return
    found = f"{metadata.version('mlx')} on {device}"
    if policy.kind != device:
        found += f", used as on {policy.kind} (T2SQL_DEVICE_POLICY)"
    yield Finding("mlx", "ok", found, facts={"device": device})
    yield _package("mlx-lm", runtimes.install.MLX)
    yield _blas(policy)
    if policy.on_host and shutil.which("g++") is None and shutil.which("c++") is None:
        yield Finding("c++ compiler", "slow", "none: MLX cannot compile functions", "apt-get install g++")


def _blas(policy: runtimes.DevicePolicy) -> Finding:
    blas, speed = runtimes.blas.load(), runtimes.gflops()
    fast = not policy.on_host or (blas.fast and speed >= _MIN_GFLOPS)
    note = f" ({blas.note})" if blas.note else ""
    # An optimized library that is slow at the moment shares the processor with other programs.
    hint = "an optimized BLAS is in use: measure again when the machine is idle"
    if not blas.fast:
        hint = runtimes.install.BLAS
    return Finding(
        "blas",
        "ok" if fast else "slow",
        f"{blas.name}{note}, {speed:.0f} GFLOP/s in float32 products",
        None if fast else hint,
        {"name": blas.name, "path": blas.path, "fast": blas.fast, "gflops": round(speed, 1)},
    )


def _llama_cpp() -> Iterator[Finding]:
    yield _package("xllamacpp", runtimes.install.LLAMA_CPP, name="llama.cpp")
    if importlib.util.find_spec("xllamacpp") is not None:
        # Here, because whether it loads is the question.
        import xllamacpp  # noqa: F401


def _demo() -> Iterator[Finding]:
    try:
        yield Finding("demo model", "ok", str(models.demo_gguf()))
    except T2sqlError:
        found = "not installed; `t2sql run` needs another --model"
        yield Finding("demo model", "optional", found, models.DEMO_INSTALL)
    yield Finding("cache", "ok", str(cache_dir()))


def _machine() -> Iterator[Finding]:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    enough = free >= _MIN_DISK
    hint = None if enough else "the demo needs about 3 GB: free some, or --out on another disk"
    found = f"{free / 1e9:.1f} GB free in {here}"
    yield Finding("disk", "ok" if enough else "slow", found, hint, {"free_bytes": free})
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = total >= _MIN_MEMORY
    hint = None if enough else "the demo needs about 4 GB of memory"
    found = f"{total / 1e9:.1f} GB of memory, {os.cpu_count()} CPUs"
    yield Finding("memory", "ok" if enough else "slow", found, hint, {"total_bytes": total})


def _optional() -> Iterator[Finding]:
    app = list(metadata.entry_points(group="t2sql.tui"))
    found = f"{app[0].dist.version}" if app and app[0].dist else "not installed"
    yield Finding("app", "ok" if app else "optional", found, None if app else "pip install t2sql-tui")
    for name, package, extra in _EXTRAS:
        finding = _package(package, f"pip install 't2sql[{extra}]'", name=name)
        yield finding if finding.state == "ok" else replace(finding, state="optional")


def _package(package: str, hint: str, *, name: str | None = None) -> Finding:
    try:
        return Finding(name or package, "ok", metadata.version(package))
    except metadata.PackageNotFoundError:
        return Finding(name or package, "missing", f"{package} is not installed", hint)
