"""One base model under several adapters in turn: each sum as a GGUF file that lives while it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from t2sql.cache import temporary_folder
from t2sql.fuse.adding import add_adapters
from t2sql.fuse.directory import Description, write_config, write_files, write_weights
from t2sql.gguf import convert
from t2sql.models import ModelRef, adapter_applied, flat, load, resolve
from t2sql.runtimes import mx


class Adapted:
    """A base model, loaded once in float32.

    `fuse` compares the logits of what it writes with those of base + adapter; here nothing is compared.
    """

    def __init__(self, model: ModelRef | str | Path) -> None:
        """Load the model.

        Raises:
            InputError: As `models.load` does.
        """
        self._ref = model if isinstance(model, ModelRef) else resolve(model)
        self._loaded = load(self._ref, quantized=False, dtype="float32")

    @property
    def bytes(self) -> int:
        """What the weights take as float32, in bytes."""
        return sum(value.nbytes for value in flat(self._loaded.model.parameters()).values())

    @contextmanager
    def gguf(self, adapter: Path | None, gguf_type: str) -> Iterator[Path]:
        """Add base and adapter in float32 and convert the sum.

        Args:
            adapter: The adapter directory; None for the base alone.
            gguf_type: The GGUF's type, such as "q8_0".

        Yields:
            The file; it is removed when the block ends.

        Raises:
            InputError: The adapter does not fit, or the model has no GGUF family.
        """
        with temporary_folder("scoring") as folder:
            directory = folder / "fused"
            directory.mkdir()
            self._write(adapter, directory)
            yield convert(directory, folder / f"{directory.name}.{gguf_type}.gguf", type=gguf_type).path

    def _write(self, adapter: Path | None, directory: Path) -> None:
        network, base = self._loaded.model, self._loaded.path
        with nullcontext() if adapter is None else adapter_applied(network, adapter, base):
            if adapter is not None:
                add_adapters(network)
            write_weights(network, directory, mx.float32)
        write_config(base, directory, "float32", Description.of(self._ref, adapter))
        write_files(base, directory)
