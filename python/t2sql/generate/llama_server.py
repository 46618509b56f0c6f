"""llama.cpp's server inside this process: its parameters, its device, and why it does not load a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

from t2sql.errors import InputError
from t2sql.generate.backend import BackendOptions
from t2sql.gguf import read_adapter
from t2sql.models import ModelRef
from t2sql.runtimes import launch_server, server_parameters, xllamacpp

Server: TypeAlias = Any
"""xllamacpp's `Server`; the package has no types."""

_ERRORS_ONLY = 1
_LOAD_SECONDS = 60


def start_server(ref: ModelRef, options: BackendOptions, context: int) -> Server:
    """Load a GGUF file, and its adapter if it has one.

    Args:
        ref: The model.
        options: Its `slots`, `threads` and `gpu_layers`.
        context: Tokens of each slot.

    Returns:
        The running server.

    Raises:
        InputError: llama.cpp cannot load the file, or the adapter does not fit it.
    """
    if ref.adapter is not None:
        # llama.cpp gives no reason when an adapter does not fit.
        read_adapter(ref.adapter, ref.path)
    params = server_parameters(ref.path, context=context, slots=options.slots or 1, adapter=ref.adapter)
    if options.gpu_layers is not None:
        params.n_gpu_layers = options.gpu_layers
    threads = options.threads or _available_cpus()
    if threads is not None:
        params.cpuparams.n_threads = threads
    try:
        return launch_server(params)
    except RuntimeError:
        raise InputError(
            "llama.cpp cannot load the model", where=ref.path, found=_failure_reason(ref.path)
        ) from None


def device_name(gpu_layers: int | None) -> str:
    """The device that llama.cpp computes on: "cpu", or the first GPU's kind, such as "metal"."""
    if gpu_layers == 0:
        return "cpu"
    for device in xllamacpp.get_device_info():
        if "GPU" in str(device["type"]):
            return str(device["name"]).rstrip("0123456789").lower()
    return "cpu"


def _available_cpus() -> int | None:
    """The processors that this process may use; None, where only Linux can say, lets llama.cpp choose."""
    if sys.platform != "linux":
        return None
    return len(os.sched_getaffinity(0))


_LOAD = """
import sys, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.verbosity, p.warmup, p.fit_params = sys.argv[1], 256, int(sys.argv[2]), False, False
xllamacpp.Server(p)
"""


def _failure_reason(path: Path) -> str:
    """llama.cpp prints its reason on stderr only: load the file again in a process whose stderr we read."""
    try:
        run = subprocess.run(
            [sys.executable, "-c", _LOAD, str(path), str(_ERRORS_ONLY)],
            capture_output=True,
            text=True,
            timeout=_LOAD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return "no reason given"
    reasons = [line for line in run.stderr.splitlines() if "error loading model: " in line]
    return reasons[0].partition("error loading model: ")[2].strip() if reasons else "no reason given"
