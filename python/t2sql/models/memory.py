"""What a model takes in MLX, computed from headers, and refused before the load where there is less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.checked_json import CheckedJson, read_json
from t2sql.errors import WorkError
from t2sql.gguf import TensorInfo, read_directory, read_gguf, read_weights, stored_bytes
from t2sql.models.reference import ModelRef
from t2sql.runtimes import available_memory, policy

RUNTIME_BYTES = 200_000_000
"""What Python, MLX and the tokenizer take beside the model; measured with the demo model."""

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class ModelSize:
    """A model as its headers describe it.

    Attributes:
        parameters: The number of weights.
        largest: Bytes of the largest 16-bit tensor, which is in memory beside its conversion.
        stored: Bytes of all tensors when they are held as they are stored.
        quantized: Whether MLX quantized the matrices.
        code_bits: The widths of their codes then, as config.json states them.
    """

    parameters: int
    largest: int
    stored: int
    quantized: bool
    code_bits: frozenset[int] = frozenset()

    def held(self, dtype: str | None = None, *, quantized: bool | None = None) -> int:
        """Bytes that the weights take in MLX.

        Args:
            dtype: As for `load`.
            quantized: As for `load`.
        """
        device = policy()
        if self.quantized and (quantized if quantized is not None else device.keeps_quantized):
            return self.stored
        return self.parameters * _BYTES.get(dtype or device.weights, 4)

    def loading(self, dtype: str | None = None, *, quantized: bool | None = None) -> int:
        """Bytes of a process at the peak of `load`; the arguments are those of `held`."""
        return self.held(dtype, quantized=quantized) + self.largest + RUNTIME_BYTES


def model_size(model: ModelRef | Path) -> ModelSize:
    """The size of a directory's or a GGUF's model.

    Raises:
        InputError: A header does not parse.
    """
    path = model if isinstance(model, Path) else model.path
    if not path.is_dir():
        tensors = read_gguf(path, arrays=False).tensors
        stored = sum(map(stored_bytes, tensors.values()))
        return replace(_size(tensors, quantized=False), stored=stored)
    config = read_json(path / "config.json")
    if config.get("quantization_config") and not config.get("quantization"):
        # Weights that mlx-lm repacks as they are.
        return _size(read_weights(path), quantized=True)
    settings = CheckedJson(config, str(path / "config.json")).section("quantization")
    own = [value for value in settings.document.values() if isinstance(value, Mapping)]
    found = (each.get("bits") for each in (settings.document, *own))
    bits = frozenset(value for value in found if isinstance(value, int))
    size = _size(read_directory(path).tensors, quantized=bool(settings.document))
    return replace(size, code_bits=bits)


def check_memory(need: int, *, what: str, where: object, hint: str = "") -> None:
    """Refuse work that takes more memory than there is: the system would end the process without a word.

    Args:
        need: Bytes that the process will have at its peak.
        what: The work, in words.
        where: The model.
        hint: What would fit.

    Raises:
        WorkError: There is less.
    """
    available = available_memory()
    if available is None or need <= available:
        return
    raise WorkError(
        f"not enough memory to {what}",
        where=where,
        expected=f"about {need / 1e9:.1f} GB",
        found=f"{available / 1e9:.1f} GB free",
        hint=" ".join(part for part in (hint, "T2SQL_MEMORY_GB=N says otherwise") if part),
    )


def _size(tensors: Mapping[str, TensorInfo], *, quantized: bool) -> ModelSize:
    halves = [info.nbytes for info in tensors.values() if info.type in ("f16", "bf16")]
    return ModelSize(
        parameters=sum(info.elements for info in tensors.values()),
        largest=max(halves, default=0),
        stored=sum(info.whole_nbytes for info in tensors.values()),
        quantized=quantized,
    )
