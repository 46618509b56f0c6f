"""What in a GGUF makes llama.cpp end the process in place of refusing the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from t2sql.errors import InputError
from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import MetadataValue
from t2sql.gguf.shards import read_gguf

# Settings by which llama.cpp divides, or that are sizes of what it allocates; some models have one a layer.
_SIZES = (
    *("context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count"),
    *("attention.key_length", "attention.value_length", "vocab_size"),
)
_POSITIVE = ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", "rope.freq_base")
_MOST_LAYERS, _MOST_CONTEXT = 1024, 1 << 28


def check_runnable(path: Path) -> None:
    """Refuse a file that makes llama.cpp end the process.

    Args:
        path: The file; of a split model, the first.

    Raises:
        InputError: It is such a file, or its header is malformed.
    """
    file = read_gguf(path)
    for problem in problems(file):
        raise InputError(
            "llama.cpp cannot run this file",
            where=path,
            found=problem,
            hint="Convert it again from its source, or download it again",
        )


def problems(file: GgufFile) -> Iterator[str]:
    """What is wrong, as sentences."""
    for key in _SIZES:
        value = file.get(f"{{arch}}.{key}")
        # Of a list, with a value for each layer, some may be 0.
        if value is not None and not any(_is_size(one) for one in _each(value)):
            yield f"{file.architecture}.{key} is {_shown(value)}"
    for key in _POSITIVE:
        value = file.get(f"{{arch}}.{key}")
        if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf):
            yield f"{file.architecture}.{key} is {_shown(value)}"
    for key, most in (("block_count", _MOST_LAYERS), ("context_length", _MOST_CONTEXT)):
        value = file.get(f"{{arch}}.{key}")
        if isinstance(value, int) and value > most:
            yield f"{file.architecture}.{key} is {value}"
    rotated = file.get("{arch}.rope.dimension_count")
    if rotated is not None and not (isinstance(rotated, int) and rotated >= 0 and rotated % 2 == 0):
        yield f"{file.architecture}.rope.dimension_count is {_shown(rotated)}"
    heads, kv_heads = file.get("{arch}.attention.head_count"), file.get("{arch}.attention.head_count_kv")
    if isinstance(heads, int) and isinstance(kv_heads, int) and kv_heads and heads % kv_heads:
        yield f"{heads} heads are not a multiple of {kv_heads} heads of keys and values"
    yield from _token_problems(file)


def _token_problems(file: GgufFile) -> Iterator[str]:
    tokens = file.texts("tokenizer.ggml.tokens")
    kind = file.get("tokenizer.ggml.model")
    if kind in (None, "none", "no_vocab") or not tokens:
        yield "it has no tokenizer"
        return
    first: dict[str, int] = {}
    for i, token in enumerate(tokens):
        other = first.setdefault(token, i)
        # llama.cpp gives empty texts names of their own.
        if other != i and token:
            yield f"the tokens {other} and {i} have the same text {token[:40]!r}"
            break
    for name, what in (("scores", "scores"), ("token_type", "token types")):
        value = file.get(f"tokenizer.ggml.{name}")
        if isinstance(value, list) and len(value) != len(tokens):
            yield f"{len(tokens)} tokens have {len(value)} {what}"


def _each(value: MetadataValue) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32


def _shown(value: MetadataValue) -> str:
    return repr(value)[:60]
