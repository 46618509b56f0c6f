"""One base model under several adapters in turn: each sum as a GGUF file that lives while it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t2sql.cache import temporary_folder
from t2sql.fuse.converting import convert_adapted
from t2sql.gguf import convert, read_model
from t2sql.models import ModelRef, as_directory, resolve

_FLOAT32_BYTES = 4


class Adapted:
    """A base model.

    `fuse` compares the logits of what it writes with those of base + adapter; here nothing is compared.
    """

    def __init__(self, model: ModelRef | str | Path) -> None:
        """Find the model; a GGUF file is imported into the cache.

        Raises:
            InputError: There is no such model, or it has no GGUF family.
        """
        self._ref = as_directory(model if isinstance(model, ModelRef) else resolve(model))
        self._parameters = read_model(self._ref.path).parameters

    @property
    def bytes(self) -> int:
        """What the weights take as float32, in bytes."""
        return _FLOAT32_BYTES * self._parameters

    @contextmanager
    def gguf(self, adapter: Path | None, gguf_type: str) -> Iterator[Path]:
        """Add base and adapter in float32 and write the sum.

        Args:
            adapter: The adapter directory; None for the base alone.
            gguf_type: The GGUF's type, such as "q8_0".

        Yields:
            The file; it is removed when the block ends.

        Raises:
            InputError: The adapter does not fit, or the model has no GGUF family.
        """
        with temporary_folder("scoring") as folder:
            out = folder / f"fused.{gguf_type}.gguf"
            if adapter is None:
                yield convert(self._ref.path, out, type=gguf_type).path
            else:
                yield convert_adapted(self._ref, adapter, out, check_effect=False, type=gguf_type).path
