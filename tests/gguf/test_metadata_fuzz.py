"""Damaged metadata of a GGUF is refused as a wrong input, whatever is wrong with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support import tiny_families

from t2sql.errors import InputError
from t2sql.gguf import Entry, GgufFile, convert, read_gguf
from t2sql.gguf.card import card_of
from t2sql.gguf.diagnosis import diagnose_gguf
from t2sql.gguf.entries import MetadataValue
from t2sql.gguf.tokenizer.hf_files import write_tokenizer

_MUTATIONS = 60
"""Of each family."""

_VALUES: tuple[MetadataValue | None, ...] = (
    None,
    True,
    "",
    "64",
    "[[[",
    '{"hidden_size": [], "rope_scaling": 3}',
    0,
    -1,
    1,
    4294967295,
    1 << 63,
    -0.5,
    1e-300,
    float("nan"),
    float("inf"),
    [],
    [1, 2],
    [0.5],
    ["a", "b"],
    [True],
)


def _with(file: GgufFile, key: str, value: MetadataValue | None) -> GgufFile:
    """The file with another value for a key, or without the key."""
    kept = [entry for entry in file.entries if entry.key != key]
    new = [] if value is None else [Entry(key, "any", value)]
    return GgufFile(file.path, file.version, file.size, [*kept, *new], file.tensors)


@pytest.mark.parametrize("name", sorted(tiny_families.MODELS))
def test_any_change_of_the_metadata_is_accepted_or_refused_as_an_input(
    name: str, family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    file = read_gguf(convert(family_model(name), tmp_path / "a.gguf").path)
    rng = random.Random(name)
    keys = [*file.metadata, f"{file.architecture}.rope.scaling.type", "general.base_model.count"]
    refused = 0
    for _ in range(_MUTATIONS):
        changed = _with(file, rng.choice(keys), rng.choice(_VALUES))
        out = tmp_path / "tokenizer"
        out.mkdir(exist_ok=True)
        card_of(changed.metadata, changed.path)
        try:
            diagnose_gguf(changed)
            write_tokenizer(changed, out)
        except InputError:
            refused += 1
    assert refused < _MUTATIONS


def test_a_number_of_blocks_that_no_model_has_is_refused(
    family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    file = read_gguf(convert(family_model("llama"), tmp_path / "a.gguf").path)
    warnings = diagnose_gguf(_with(file, "llama.block_count", 4294967295)).warnings
    assert "expected an integer from 1 to 4096, found 4294967295" in warnings[-1]
