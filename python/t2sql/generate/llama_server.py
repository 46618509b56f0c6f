"""llama.cpp for a model and its options: its parameters, its device, and why it does not load a file."""

from __future__ import annotations

from t2sql import gguf
from t2sql.bounds import available_cpus
from t2sql.errors import InputError
from t2sql.generate.backend import BackendOptions
from t2sql.models import ModelRef
from t2sql.runtimes import LlamaServer, ServerParameters


def start_server(ref: ModelRef, options: BackendOptions, context: int) -> LlamaServer:
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
        gguf.read_adapter(ref.adapter, ref.path)
    parameters = ServerParameters(
        ref.path,
        context,
        options.slots or 1,
        ref.adapter,
        threads=options.threads or available_cpus(),
        gpu_layers=options.gpu_layers,
    )
    try:
        return LlamaServer(parameters)
    except RuntimeError as error:
        hint = f"What is wrong with the file may be in: t2sql inspect {ref.path}"
        raise InputError("llama.cpp cannot load the model", where=ref.path, found=error, hint=hint) from None


def device_name(server: LlamaServer, gpu_layers: int | None) -> str:
    """The device that llama.cpp computes on: "cpu", or the first GPU's kind, such as "metal"."""
    if gpu_layers == 0:
        return "cpu"
    gpus = (name for name, kind in server.devices if "GPU" in kind)
    return next(gpus, "cpu").rstrip("0123456789").lower()
