"""The way every module gets llama.cpp: quiet, patient when the machine is busy, signals left to Python."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t2sql.errors import MissingPartError
from t2sql.interrupts import interrupts_held

_QUIET = -1
# Threads meet at a barrier hundreds of times a token and spin there, by default for milliseconds: if
# another process has the core of one of them, the others burn theirs and everything takes ten times as
# long. So short a spin costs nothing when the machine is idle.
_SPINS = "1000"
_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def _load() -> Any:
    """Import xllamacpp; the OpenMP runtime reads its settings once, when it is first loaded."""
    ours = not any(name in os.environ for name in _SPIN_SETTINGS)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "llama.cpp is not installed", found=f"no {error.name}", hint="Run: pip install xllamacpp"
        ) from None
    except ImportError as error:
        hint = "Run: apt install libgomp1" if "libgomp" in str(error) else None
        raise MissingPartError("llama.cpp does not load", found=error, hint=hint) from None
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]
    return xllamacpp


xllamacpp = _load()


def parameters(path: Path, *, context: int, slots: int = 1, adapter: Path | None = None) -> Any:
    """Parameters of a server that prints nothing and answers nobody but this process.

    `context` is in tokens, for each slot; `adapter` is a GGUF that llama.cpp applies as it computes.
    """
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.verbosity = _QUIET
    params.warmup = False
    params.fit_params = False
    # Saving and loading whole slots costs more than reading a short prompt again.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    # xllamacpp always listens on a port of this machine: nobody else gets to use it.
    params.api_keys = [secrets.token_hex(16)]
    params.n_threads_http = 1
    params.endpoint_metrics = True
    return params


def start(params: Any) -> Any:
    """Load the model; RuntimeError without a reason when llama.cpp cannot. Ctrl-C comes when it is loaded."""
    with interrupts_held():
        with signals_kept():
            server = xllamacpp.Server(params)
        # Its loop begins in a thread of its own; a server that is closed before that never ends. The
        # answer to this comes from the loop.
        server.handle_metrics()
        return server


@contextmanager
def signals_kept() -> Iterator[None]:
    """Undo llama.cpp's own handlers of SIGINT and SIGTERM, which it installs at every load.

    By the C library, because Python only lets its main thread do it.
    """
    if os.name != "posix":
        yield
        return
    libc = ctypes.CDLL(None)
    kept = []
    for number in (int(signal.SIGINT), int(signal.SIGTERM)):
        action = ctypes.create_string_buffer(1024)  # larger than any struct sigaction
        libc.sigaction(number, None, action)
        kept.append((number, action))
    try:
        yield
    finally:
        for number, action in kept:
            libc.sigaction(number, action, None)
