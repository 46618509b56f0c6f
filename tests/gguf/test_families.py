"""Every family: the file says in llama.cpp what the directory says in MLX, and comes back as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny, tiny_families

from t2sql.gguf import convert
from t2sql.runtimes import LlamaPredictor

# Bounds of the mean KL divergence of what llama.cpp says of the file, over the positions looked at: from what
# MLX says of the directory, where four bits in a random model this small lose much, and of the same file.
TYPES = {
    "f32": (1e-5, 1e-5),
    "f16": (1e-4, 1e-4),
    "q8_0": (3e-2, 3e-2),
    "q4_1": (3.0, 3e-2),
    "q4_0": (3.0, 3e-2),
}
PROMPT = tiny.PROMPTS[0]
STEPS = 6
FamilyModel = Callable[[str], Path]


@pytest.fixture(scope="session")
def original(family_model: FamilyModel) -> Any:
    """name -> (ids of the prompt and of the greedy answer, log-probabilities at every position)."""
    from t2sql.models import load

    @cache
    def run(name: str) -> tuple[list[int], int, np.ndarray]:
        loaded = load(family_model(name))
        ids = list(loaded.tokenizer.encode(PROMPT))[:40]
        start = len(ids)
        for _ in range(STEPS):
            ids.append(int(log_probabilities(loaded, ids)[-1].argmax()))
        logp = log_probabilities(loaded, ids)
        assert logp.std() >= 2, "a flat distribution would hide a fault"
        return ids, start, logp

    return run


def log_probabilities(loaded: Any, ids: list[int]) -> np.ndarray:
    from t2sql.runtimes.mlx import mx

    logits = np.array(loaded.model(mx.array([ids]))[0].astype(mx.float32), dtype=np.float64)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_llama_cpp_says_of_the_file_what_mlx_says(
    name: str, type: str, family_model: FamilyModel, original: Any, tmp_path: Path
) -> None:
    from t2sql.models import load

    ids, start, of_directory = original(name)
    convert(family_model(name), tmp_path / "a.gguf", type=type)
    of_file = log_probabilities(load(tmp_path / "a.gguf", dtype="float32"), ids)
    divergences = []
    with LlamaPredictor(tmp_path / "a.gguf", context=512) as llama:
        for position in [3, start // 3, start // 2, *range(start - 1, start + STEPS - 1)]:
            found = llama.top(ids[: position + 1], 50)
            divergences.append([divergence(logp[position], found) for logp in (of_directory, of_file)])
            if type == "f32":
                best = of_directory[position].max()
                assert best - of_directory[position][found[0][0]] < 1e-2, f"another token at {position}"
    assert (np.abs(np.mean(divergences, axis=0)) < TYPES[type]).all()


def divergence(logp: np.ndarray, found: list[tuple[int, float]]) -> float:
    """The KL divergence of the tokens found, all others taken together, from the model's own."""
    p = np.exp([logp[token] for token, _ in found])
    kl = sum(a * (np.log(a) - b) for a, (_, b) in zip(p, found, strict=True))
    rest_p, rest_q = 1 - p.sum(), 1 - sum(np.exp(b) for _, b in found)
    return float(kl + rest_p * np.log(max(rest_p, 1e-12) / max(rest_q, 1e-12)))


@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_the_original_tokenizer_is_what_llama_cpp_has(
    name: str, family_model: FamilyModel, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    convert(family_model(name), tmp_path / "a.gguf", type="q8_0")
    tokenizer = Tokenizer.from_file(str(family_model(name) / "tokenizer.json"))
    with LlamaPredictor(tmp_path / "a.gguf") as llama:
        for text in tiny.PROMPTS:
            assert llama.tokenize(text) == tokenizer.encode(text).ids


@pytest.mark.parametrize("type", list(TYPES))
@pytest.mark.parametrize("name", tiny_families.MODELS)
def test_verify_finds_every_family_the_same_model(
    name: str, type: str, family_model: FamilyModel, tmp_path: Path
) -> None:
    from t2sql.verification import verify

    result = verify(family_model(name), convert(family_model(name), tmp_path / "a.gguf", type=type).path)
    assert result.ok, result.cause
