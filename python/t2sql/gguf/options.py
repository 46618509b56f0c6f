"""The options of `convert` and `quantize`, each set as one value; the keywords of both functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from t2sql.bounds import check_threads
from t2sql.gguf.imatrix import ImportanceMatrix
from t2sql.gguf.rounding import Rounding, check_rounding


@dataclass(frozen=True)
class OutputOptions:
    """What `convert` and `quantize` both let a caller choose about their output.

    Attributes:
        pure: Give every matrix the file's type, the one that makes the logits included.
        output_type: The type of the matrix that makes the logits; None for the rule of `plan_types`.
        embedding_type: The type of the token embedding; None for the rule of `plan_types`.
        tensor_types: Regular expression -> type. The first expression that matches a tensor's name wins
            over every rule.
        imatrix: An importance matrix, or its file: what an error costs in each column; None weighs all alike.
        rounding: How values become blocks; "fitted" never has a larger error than "reference" in any block.
        max_shard_size: Split the output into files of at most this many bytes of tensor data: a number, or
            text such as "2G" in powers of 1000. None writes one file.
        threads: How many threads convert tensors; None for one per core. Bytes do not depend on it.
        force: Replace an output that exists.
    """

    pure: bool = False
    output_type: str | None = None
    embedding_type: str | None = None
    tensor_types: Mapping[str, str] | None = None
    imatrix: ImportanceMatrix | str | Path | None = None
    rounding: Rounding = "reference"
    max_shard_size: str | int | None = None
    threads: int | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Check the number of threads and the rounding.

        Raises:
            InputError: The number is out of range, or there is no such rounding.
        """
        check_threads(self.threads)
        check_rounding(self.rounding)


@dataclass(frozen=True)
class ConvertOptions(OutputOptions):
    """The options of `convert`.

    Attributes:
        type: The type of the file, in either case: one of `FILE_TYPES`, such as f32, q8_0 or q4_k_m.
        pre: llama.cpp's name for how a byte-level BPE tokenizer splits text (`tokenizer.ggml.pre`), for
            tokenizers that are not recognised by their structure.
    """

    type: str = "f32"
    pre: str | None = None


@dataclass(frozen=True)
class QuantizeOptions(OutputOptions):
    """The options of `quantize`.

    Attributes:
        allow_requantize: Accept tensors of block types, whose values have been rounded once already.
    """

    allow_requantize: bool = False


class OutputKeywords(TypedDict, total=False):
    """The fields of `OutputOptions` as keywords."""

    pure: bool
    output_type: str | None
    embedding_type: str | None
    tensor_types: Mapping[str, str] | None
    imatrix: ImportanceMatrix | str | Path | None
    rounding: Rounding
    max_shard_size: str | int | None
    threads: int | None
    force: bool


class ConvertKeywords(OutputKeywords, total=False):
    """The fields of `ConvertOptions` as keywords."""

    type: str
    pre: str | None


class QuantizeKeywords(OutputKeywords, total=False):
    """The fields of `QuantizeOptions` as keywords."""

    allow_requantize: bool
