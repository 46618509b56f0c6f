"""Files that would make llama.cpp end the process are refused before it gets them, and inspect says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import tiny

from t2sql.errors import InputError
from t2sql.gguf import check_runnable, inspect, read_gguf

GgufOf = Callable[..., Path]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"llama.context_length": 0}, "llama.context_length is 0"),
        ({"llama.block_count": 4294967295}, "block_count is 4294967295"),
        ({"llama.attention.layer_norm_rms_epsilon": -1.0}, "layer_norm_rms_epsilon is -1.0"),
        ({"llama.attention.layer_norm_rms_epsilon": float("nan")}, "layer_norm_rms_epsilon is nan"),
        ({"llama.attention.head_count": 0}, "head_count is 0"),
        ({"llama.attention.head_count_kv": 3}, "4 heads are not a multiple of 3"),
        ({"llama.rope.dimension_count": 7}, "rope.dimension_count is 7"),
    ],
)
def test_a_setting_that_ends_llama_cpp_is_named(
    changes: dict[str, Any], reason: str, tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path
) -> None:
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", changes)
    with pytest.raises(InputError, match=r"llama.cpp cannot run this file") as refused:
        check_runnable(bad)
    assert reason in str(refused.value)
    assert any(reason in warning for warning in inspect(bad).warnings)


def test_tokens_of_one_text_are_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    tokens = list(read_gguf(gguf_of(tiny_llama)).texts("tokenizer.ggml.tokens"))
    tokens[300] = tokens[200]
    bad = tiny.rewrite_gguf(gguf_of(tiny_llama), tmp_path / "a.gguf", {"tokenizer.ggml.tokens": tokens})
    with pytest.raises(InputError, match=r"tokens 200 and 300 have the same text"):
        check_runnable(bad)


def test_a_good_file_is_taken(tiny_llama: Path, tiny_mistral: Path, gguf_of: GgufOf) -> None:
    check_runnable(gguf_of(tiny_llama))
    check_runnable(gguf_of(tiny_mistral))
