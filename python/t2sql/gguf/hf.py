"""A Hugging Face model directory: its config, tensors, tokenizer files and model card, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from t2sql.errors import InputError
from t2sql.gguf.card import Card, read_card
from t2sql.gguf.hf_config import ModelConfig, read_config
from t2sql.gguf.hf_weights import read_weights
from t2sql.gguf.mlx_affine import gather
from t2sql.gguf.tensors import TensorInfo
from t2sql.gguf.text_model import text_config, text_name, text_tensors
from t2sql.gguf.tokenizer.documents import TokenizerFiles, read_tokenizer_files

_WEIGHT_TYPES = ("f32", "f16", "bf16")


@dataclass(frozen=True)
class HfDirectory:
    """A model directory whose config.json and safetensors headers have been read.

    Of a model with a text model inside, this is the text model. The tokenizer's files, the card and
    generation_config.json are read when they are first asked for.

    Attributes:
        path: The directory.
        whole: config.json as it stands.
        tensors: All tensors by name; a matrix that MLX quantized is one tensor of float32 rows.
        left_out: The number of tensors in the files that are not the text model's.
    """

    path: Path
    whole: ModelConfig
    tensors: Mapping[str, TensorInfo]
    left_out: int = 0

    @cached_property
    def config(self) -> ModelConfig:
        """config.json; of a model with a text model inside, the text model's."""
        return text_config(self.whole)

    @property
    def architecture(self) -> str:
        """The class name in config.json's `architectures`, else its `model_type`, else "none".

        Raises:
            InputError: Either is no text.
        """
        names = self.config.texts("architectures")
        return names[0] if names else self.config.text("model_type", default="none")

    def module_name(self, name: str) -> str:
        """The name in `tensors` of a module or tensor that the whole model has under `name`."""
        return text_name(self.whole, name) or name

    @cached_property
    def tokenizer(self) -> TokenizerFiles:
        """The tokenizer's files.

        Raises:
            InputError: One of them does not parse.
        """
        return read_tokenizer_files(self.path)

    @cached_property
    def card(self) -> Card:
        """The front matter of README.md; empty when there is none or it does not parse."""
        return read_card(self.path)


def read_directory(path: Path) -> HfDirectory:
    """Open a model directory.

    Raises:
        InputError: There is no such directory, its config or weights are missing or malformed, a shard is
            missing, or the weights are quantized otherwise than by MLX.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError("no such model directory", where=path)
    if not (path / "config.json").is_file():
        raise InputError(
            "directory without config", where=path, expected="config.json", hint="Is it a model directory?"
        )
    config = read_config(path / "config.json")
    tensors = gather(path, config, read_weights(path))
    texts = text_tensors(config, tensors)
    return HfDirectory(path, config, texts, len(tensors) - len(texts))


def check_dtypes(directory: HfDirectory) -> None:
    """Refuse tensors that are neither float32 nor float16 nor bfloat16.

    Raises:
        InputError: A tensor is of another type.
    """
    for info in directory.tensors.values():
        if info.type not in _WEIGHT_TYPES:
            raise InputError(
                "tensor type not supported",
                where=f"{info.path}: tensor {info.name}",
                expected="F32, F16 or BF16",
                found=info.type,
            )
