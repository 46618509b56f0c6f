"""Which runtime opens a model."""

from __future__ import annotations

from pathlib import Path

from t2sql import generate, models
from t2sql.errors import InputError, MissingPartError
from t2sql.generate.backend import Backend, BackendOptions
from t2sql.models import ModelRef

BACKENDS = ("auto", "llama", "mlx")
_SERVER = "openai:"
_DEFAULT_OPTIONS = BackendOptions()


def open_backend(
    model: str | Path | ModelRef, backend: str = "auto", options: BackendOptions = _DEFAULT_OPTIONS
) -> Backend:
    """Load a model.

    Args:
        model: A resolved model, or a model argument, which is resolved here. With a server, the name that
            the server knows it by.
        backend: One of `BACKENDS`, or "openai:URL" for a server. "auto" is llama.cpp for a GGUF file, and MLX
            for a directory, a hub id, or with `options.adapter`.
        options: How to open it.

    Returns:
        The loaded model; close it after use.

    Raises:
        InputError: The backend is unknown, or cannot open this model or adapter.
        MissingPartError: The runtime is not installed.
        WorkError: The server cannot be reached.
    """
    if backend.startswith(_SERVER):
        if options.adapter is not None:
            raise InputError("a server has its own adapters", where=options.adapter)
        name = model.source if isinstance(model, ModelRef) else str(model)
        return generate.OpenAIBackend(backend.removeprefix(_SERVER), name, slots=options.slots)
    if backend not in BACKENDS:
        expected = f"{', '.join(BACKENDS)} or {_SERVER}URL"
        raise InputError("unknown backend", expected=expected, found=repr(backend))
    ref = model if isinstance(model, ModelRef) else models.resolve(model)
    if options.adapter is not None and ref.adapter is not None:
        raise InputError("two adapters on one model", where=options.adapter, found=f"{ref.source} has one")
    if backend == "auto":
        backend = "mlx" if ref.kind == "directory" or options.adapter is not None else "llama"
    return _open_llama(ref, options) if backend == "llama" else _open_mlx(ref, options)


def _open_llama(ref: ModelRef, options: BackendOptions) -> Backend:
    if ref.kind != "gguf":
        hint = f"Make one: t2sql convert {ref.path} OUT.gguf; or use --backend mlx"
        raise InputError("llama.cpp reads GGUF files", where=ref.path, found="a directory", hint=hint)
    if options.adapter is not None:
        raise InputError(
            "llama.cpp does not read checkpoint directories",
            where=options.adapter,
            expected="no adapter",
            hint="Convert it and ask BASE.gguf+ADAPTER.gguf, fuse it, or use --backend mlx",
        )
    return generate.LlamaBackend(ref, options)


def _open_mlx(ref: ModelRef, options: BackendOptions) -> Backend:
    try:
        backend = generate.MlxBackend
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mlx", "mlx_lm"):
            raise
        hint = "Run: pip install 'mlx[cpu]' mlx-lm"
        raise MissingPartError("MLX is not installed", found=f"no {error.name}", hint=hint) from None
    return backend(ref, options)
