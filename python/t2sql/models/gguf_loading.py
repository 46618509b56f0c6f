"""A GGUF file in MLX, its weights in the precision that the device is fast in."""

from __future__ import annotations

from pathlib import Path

from t2sql.cache import temporary_folder
from t2sql.models.loading import Loaded, load
from t2sql.models.resolving import DEMO, directory


def load_gguf(
    file: Path,
    *,
    adapter: Path | None = None,
    gguf_adapter: Path | None = None,
    dtype: str | None = None,
    source: str | None = None,
) -> Loaded:
    """Load a GGUF, with an adapter directory or a GGUF adapter on it.

    `source` is what it was asked for as: the demo model's import is kept.

    By a Hugging Face directory that lives only while it is read: a directory per quantization would
    fill the cache. Where the device is fast with quantized matmul, this is the place to keep the bits.
    """
    from t2sql.gguf import import_adapter, import_gguf, read_adapter

    if source == DEMO:
        return load(directory(DEMO), adapter=adapter, dtype=dtype)
    with temporary_folder(".loading-") as folder:
        if gguf_adapter is not None:
            found = read_adapter(gguf_adapter, file)
            layers = int(found.base.need("{arch}.block_count"))
            adapter = import_adapter(found, layers, Path(folder) / "adapter")
        return load(import_gguf(file, Path(folder) / file.stem), adapter=adapter, dtype=dtype)
