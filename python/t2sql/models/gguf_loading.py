"""A GGUF file in MLX, its weights in the precision that the device is fast in."""

from __future__ import annotations

from pathlib import Path

from t2sql.cache import temporary_folder
from t2sql.errors import InputError, T2sqlError
from t2sql.gguf import MAX_LAYERS, import_adapter, import_gguf, read_adapter
from t2sql.models.loading import Loaded, load
from t2sql.models.reference import DEMO, ModelRef, resolve


def load_gguf(model: ModelRef | Path, *, adapter: Path | None = None, dtype: str | None = None) -> Loaded:
    """Load a GGUF file, with its GGUF adapter if it has one.

    The file goes by a Hugging Face directory that lives only while it is read: a directory for each
    quantization would fill the cache. Only the demo model's directory stays in the cache.

    Args:
        model: A GGUF file, or a reference to one.
        adapter: An adapter directory to put on it.
        dtype: As for `load`.

    Raises:
        InputError: The file does not parse, its family is not known, an adapter does not fit, or there
            are two of them.
    """
    ref = model if isinstance(model, ModelRef) else resolve(model)
    if adapter is not None and ref.adapter is not None:
        raise InputError("two adapters on one model", where=adapter, found=f"{ref.source} has one")
    if ref.source == DEMO:
        return load(ref, adapter=adapter, dtype=dtype)
    with temporary_folder("loading") as folder:
        if ref.adapter is not None:
            gguf_adapter = read_adapter(ref.adapter, ref.path)
            layers = gguf_adapter.base.integer("{arch}.block_count", most=MAX_LAYERS)
            adapter = import_adapter(gguf_adapter, layers, folder / "adapter")
        directory = import_gguf(ref.path, folder / ref.path.stem)
        try:
            return load(directory, adapter=adapter, dtype=dtype)
        except T2sqlError as error:
            # The user knows the file, and not the folder that it was unpacked to.
            error.rename(directory, ref.path)
            raise
