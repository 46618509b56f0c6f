"""llama.cpp, by this door alone: silent, fair to other processes, its signal handlers undone."""

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
from t2sql.runtimes import install

_SILENT = -1
"""llama.cpp's verbosity at which nothing is printed."""

_SPIN_COUNT = "1000"
"""Rounds that a thread of llama.cpp spins at a barrier before it sleeps.

Threads meet there hundreds of times a token and spin for milliseconds by default: when another process has
the core of one of them, the others waste theirs and everything takes ten times as long. This short a spin
costs nothing on an idle machine.
"""
_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Environment variables by which a user sets it; then they decide."""


def _load() -> Any:
    """Import xllamacpp. The OpenMP runtime reads its environment once, when xllamacpp loads it."""
    ours = not any(name in os.environ for name in _SPIN_SETTINGS)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = _SPIN_COUNT
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "llama.cpp is not installed", found=f"no {error.name}", hint=f"Run: {install.LLAMA_CPP}"
        ) from None
    except ImportError as error:
        hint = f"Run: {install.OPENMP}" if "libgomp" in str(error) else None
        raise MissingPartError("llama.cpp does not load", found=error, hint=hint) from None
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]
    return xllamacpp


xllamacpp = _load()


def server_parameters(path: Path, *, context: int, slots: int = 1, adapter: Path | None = None) -> Any:
    """Parameters of a server that prints nothing and answers only this process.

    Args:
        path: The GGUF file.
        context: Tokens of a prompt and its answer, in each slot.
        slots: Requests that are answered at the same time.
        adapter: A GGUF adapter, which llama.cpp applies as it computes.

    Returns:
        xllamacpp's CommonParams, to be changed before `launch_server`.
    """
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.verbosity = _SILENT
    params.warmup = False
    params.fit_params = False
    # Saving and loading whole slots costs more than reading a short prompt again.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    # xllamacpp always listens on a port of this machine; the secret keeps other processes out.
    params.api_keys = [secrets.token_hex(16)]
    params.n_threads_http = 1
    params.endpoint_metrics = True
    return params


def launch_server(params: Any) -> Any:
    """Load the model into a server. Ctrl-C is held back until it is loaded.

    Args:
        params: From `server_parameters`.

    Returns:
        xllamacpp's Server; it stops when the last reference to it goes.

    Raises:
        RuntimeError: llama.cpp cannot load the model; it gives no reason.
    """
    with interrupts_held():
        with signal_handlers_kept():
            server = xllamacpp.Server(params)
        # The server's loop begins in a thread of its own, and a server that is closed before that never
        # ends. This request is answered by the loop.
        server.handle_metrics()
        return server


@contextmanager
def signal_handlers_kept() -> Iterator[None]:
    """Undo the handlers of SIGINT and SIGTERM that llama.cpp installs whenever it loads a model.

    This calls sigaction(2) of the C library, because Python's `signal` works in the main thread only.
    """
    if os.name != "posix":
        yield
        return
    libc = ctypes.CDLL(None)
    handlers = []
    for number in (int(signal.SIGINT), int(signal.SIGTERM)):
        action = ctypes.create_string_buffer(1024)  # larger than any struct sigaction
        libc.sigaction(number, None, action)
        handlers.append((number, action))
    try:
        yield
    finally:
        for number, action in handlers:
            libc.sigaction(number, action, None)
