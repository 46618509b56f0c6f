"""A model directory that `convert` takes: config, tensors and tokenizer checked, the weights not yet read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from t2sql.checked_json import read_json
from t2sql.gguf.families.base import Family
from t2sql.gguf.families.forward import check_forward
from t2sql.gguf.families.registry import by_hf_architecture, supported_architectures
from t2sql.gguf.hf import HfDirectory, check_dtypes, read_directory
from t2sql.gguf.hf_config import ModelConfig, flat_rope
from t2sql.gguf.tensor_names import gguf_names, head_differs, layers_present
from t2sql.gguf.tensors import TensorInfo
from t2sql.gguf.text_model import text_config
from t2sql.gguf.tokenizer.metadata import prefixes_once, read_vocabulary, unknown_special_ids
from t2sql.gguf.tokenizer.vocabulary import Vocabulary


@dataclass(frozen=True)
class SourceModel:
    """A directory of a known family.

    Attributes:
        directory: Its config and tensors.
        family: Its family.
        names: GGUF name -> Hugging Face name of every tensor that a conversion writes, in order.
        pre: llama.cpp's name for how its BPE tokenizer splits; None to recognise it by its structure.
    """

    directory: HfDirectory
    family: Family
    names: Mapping[str, str]
    pre: str | None = None

    @property
    def tensors(self) -> dict[str, TensorInfo]:
        """The tensors that a conversion writes, by their GGUF names."""
        return {name: self.directory.tensors[hf] for name, hf in self.names.items()}

    @property
    def vocab_size(self) -> int:
        """Rows of the token embedding."""
        return self.tensors["token_embd.weight"].shape[0]

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(info.elements for info in self.tensors.values())

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens that have a row in the embedding.

        Raises:
            InputError: There is no tokenizer, it is malformed, llama.cpp lacks its kind, or a token of the
                model's own vocabulary has no row in the embedding.
        """
        return read_vocabulary(self.directory.tokenizer, self.vocab_size, pre=self.pre)

    @property
    def prefixes_once(self) -> bool:
        """Whether the tokenizer gives a leading space to the beginning of a text alone."""
        return prefixes_once(self.directory.tokenizer)

    @cached_property
    def warnings(self) -> list[str]:
        """What a conversion leaves out, and where the file computes something else, as sentences."""
        config, warnings = self.directory.config, []
        if self.directory.left_out:
            warnings.append(
                f"tensors of other parts than the text model are left out: {self.directory.left_out}"
            )
        if head_differs(self.directory, self.family):
            name = f"{self.family.whole['output']}.weight"
            warnings.append(
                f"{name} differs from the embedding and is not used: tie_word_embeddings is true. "
                "If the model was made with it, write false in config.json"
            )
        if self.family.drops_window and config.has("sliding_window"):
            window = config.integer("sliding_window")
            if window < config.integer("max_position_embeddings"):
                warnings.append(
                    f"the file has no sliding window: in contexts of more than {window} tokens it computes "
                    "something else than its source"
                )
        if self.vocabulary.without_row:
            names = ", ".join(self.vocabulary.without_row[:4])
            warnings.append(f"tokens without a row in the embedding are left out: {names}")
        warnings += unknown_special_ids(config, self.vocabulary)
        if self.prefixes_once:
            warnings.append(
                "llama.cpp puts a space before each part of a text, this tokenizer before the first alone: "
                "texts that begin with a space, and texts after special tokens, get other ids"
            )
        return warnings


def read_model(path: str | Path, *, pre: str | None = None) -> SourceModel:
    """Open a directory as a model that can be converted.

    Args:
        path: The directory.
        pre: As in `SourceModel`.

    Raises:
        InputError: It is no model directory, no family has its architecture, a setting changes what it
            computes and has no place in the family's graph, or a tensor is missing, unknown, of another shape
            or of another type than a float.
    """
    return model_of(read_directory(Path(path)), pre=pre)


def model_of(directory: HfDirectory, *, pre: str | None = None) -> SourceModel:
    """A directory that is read already as a model that can be converted; `pre` as in `SourceModel`.

    Raises:
        InputError: As `read_model`.
    """
    family = by_hf_architecture(directory.architecture, directory.path / "config.json")
    directory.config.check_layers(layers_present(directory))
    check_forward(directory.config, family)
    check_dtypes(directory)
    return SourceModel(directory, family, gguf_names(directory, family), pre)


def check_settings(file: Path) -> None:
    """Refuse a config.json of a known family that changes what the family's graph computes.

    Models of other families are passed over: which of their settings matter is not known here.

    Raises:
        InputError: It does not parse, or has such a setting.
    """
    config = text_config(flat_rope(ModelConfig(read_json(file), str(file))))
    names = config.texts("architectures")
    if names and names[0] in supported_architectures():
        check_forward(config, by_hf_architecture(names[0], file))
