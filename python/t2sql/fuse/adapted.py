"""One base model under many adapters in turn: each sum as a GGUF file that lives while it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.cache import temporary_folder
from t2sql.fuse.directory import write_config, write_files, write_weights
from t2sql.fuse.fuser import add
from t2sql.models import apply_adapter, flat, load
from t2sql.runtimes import mx


class Adapted:
    """The base is loaded once. What `fuse` proves of a model that is kept is not proved again here."""

    def __init__(self, model: str | Path) -> None:
        self._model = model
        self._loaded = load(model, quantized=False, dtype="float32")

    @property
    def bytes(self) -> int:
        """What the weights take as float32."""
        return sum(value.nbytes for value in flat(self._loaded.model.parameters()).values())

    @contextmanager
    def gguf(self, adapter: Path | None, type: str) -> Iterator[Path]:
        """Base + adapter (or the base alone) added in float32 and converted straight to `type`."""
        from t2sql.gguf import convert

        with temporary_folder(".scoring-") as folder:
            directory = Path(folder) / "fused"
            directory.mkdir()
            self._write(adapter, directory)
            yield convert(directory, Path(folder) / f"{directory.name}.{type}.gguf", type=type).path

    def _write(self, adapter: Path | None, directory: Path) -> None:
        network, base = self._loaded.model, self._loaded.path
        # References to the base's own modules and values, to put back afterwards.
        modules, values = network.leaf_modules(), network.parameters()
        try:
            if adapter is not None:
                apply_adapter(network, adapter)
                add(network)
            write_weights(network, directory, mx.float32)
        finally:
            network.update_modules(modules)
            network.update(values)
        write_config(base, directory, "float32", None, self._model, adapter or base)
        write_files(base, directory)
