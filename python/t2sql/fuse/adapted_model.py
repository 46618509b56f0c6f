"""A base model with an adapter in its tensors, before anything of either is read but headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.adapters import check_adapter_not_fused, read_adapter_config
from t2sql.fuse.directory import Description, write_config, write_files, write_tokenizer
from t2sql.gguf import (
    AdapterChanges,
    AffineTensor,
    HfDirectory,
    TensorInfo,
    read_changes,
    read_config,
    read_directory,
    with_changes,
)
from t2sql.models import ModelRef

DTYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
"""ggml's name of a float type -> the name in config.json."""


@dataclass(frozen=True)
class AdaptedModel:
    """A base and an adapter that fits it.

    Attributes:
        base: The base's directory.
        summed: The same with the adapter in its tensors.
        changes: What the adapter changes.
    """

    base: HfDirectory
    summed: HfDirectory
    changes: AdapterChanges

    @property
    def stored(self) -> str:
        """The type that most numbers of the base are stored in, as ggml names it; of codes, their scales'."""
        sizes: dict[str, int] = {}
        for info in self.base.tensors.values():
            parts = [info.scales, info.biases] if isinstance(info, AffineTensor) else [info]
            for part in parts:
                sizes[part.type] = sizes.get(part.type, 0) + part.elements
        return max(sizes, key=lambda dtype: sizes[dtype])

    def by_stored_name(self, directory: HfDirectory) -> dict[str, TensorInfo]:
        """The tensors of one of the two by the names that the base's files have."""
        return {info.name: directory.tensors[name] for name, info in self.base.tensors.items()}


def read_adapted(base: Path, adapter: Path) -> AdaptedModel:
    """Read the headers of a base and an adapter.

    Args:
        base: A model directory.
        adapter: An adapter directory of either format.

    Raises:
        InputError: One of them is malformed, they do not fit each other, or the adapter is in the weights
            already.
    """
    config = read_adapter_config(adapter)
    directory = read_directory(base)
    check_adapter_not_fused(adapter, config, base)
    changes = read_changes(adapter, directory, config)
    return AdaptedModel(directory, with_changes(directory, changes), changes)


def write_description(
    ref: ModelRef, folder: Path, dtype: str, description: Description, *, adds_bos: bool
) -> None:
    """Write all files of a fused directory but its weights.

    Args:
        ref: The base, as a directory.
        folder: The fused model's directory.
        dtype: The name of the weights' type in config.json.
        description: How the model was made.
        adds_bos: Whether the tokenizer puts a BOS token before a text.
    """
    write_config(ref.path, folder, dtype, description)
    write_files(ref.path, folder)
    write_tokenizer(folder, description.prompt_format, adds_bos=adds_bos)


def described(model: AdaptedModel, folder: Path) -> HfDirectory:
    """The sum with the config and the tokenizer that are in `folder`."""
    return replace(model.summed, path=folder, whole=read_config(folder / "config.json"))
