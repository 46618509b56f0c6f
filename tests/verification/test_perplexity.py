"""Perplexity and KL divergence: the figures by the formulas, anew, and what cannot be measured."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support import tiny

from t2sql.cli import run
from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.models import resolve
from t2sql.verification import PerplexityResult, ScoreOptions, perplexity
from t2sql.verification.scorers import open_scorer
from t2sql.verification.token_scores import score_tokens

pytestmark = pytest.mark.slow

GgufOf = Callable[..., Path]
CONTEXT = 32
# Threads of llama.cpp wait for each other at every matrix, which on a busy machine takes minutes.
OPTIONS = ScoreOptions(CONTEXT, threads=1)
TEXT = "\n".join(tiny.corpus()[:12])


def measure(model: Path, against: Path | None = None, text: str = TEXT) -> PerplexityResult:
    other = None if against is None else resolve(against)
    return perplexity(resolve(model), text, OPTIONS, against=other, most_chunks=4)


def log_softmax(row: np.ndarray) -> list[float]:
    """In Python's own arithmetic."""
    values = [float(value) for value in row]
    total = math.log(math.fsum(math.exp(value - max(values)) for value in values)) + max(values)
    return [value - total for value in values]


def log_probabilities(model: Path) -> list[tuple[list[float], int]]:
    """Of each scored token the predicted distribution, and the token: the rules of llama-perplexity, anew."""
    result = []
    with open_scorer(resolve(model), OPTIONS) as scorer:
        ids = scorer.tokenize(TEXT)
        for start in range(0, 4 * CONTEXT, CONTEXT):
            chunk = ids[start : start + CONTEXT]
            begun = chunk if scorer.first_token is None else [scorer.first_token, *chunk[1:]]
            rows = np.concatenate(list(scorer.logits(begun, 0)))
            for index in range(CONTEXT // 2, CONTEXT - 1):
                result.append((log_softmax(rows[index]), chunk[index + 1]))
    return result


@pytest.mark.parametrize("model", ["tiny_mistral", "tiny_llama"])
def test_perplexity_and_its_error_are_those_of_the_second_half_of_each_chunk(
    model: str, request: pytest.FixtureRequest, gguf_of: GgufOf
) -> None:
    file = gguf_of(request.getfixturevalue(model), "q8_0")
    result = measure(file)
    losses = [-row[token] for row, token in log_probabilities(file)]
    expected = math.exp(statistics.fmean(losses))
    assert (result.runtime, result.chunks, result.tokens) == ("llama.cpp", 4, 4 * (CONTEXT // 2 - 1))
    assert result.perplexity.value == pytest.approx(expected, rel=1e-4)
    error = statistics.pstdev(losses) / math.sqrt(len(losses) - 1)
    assert result.perplexity.error == pytest.approx(expected * error, rel=1e-4)


def test_divergences_are_those_of_the_formula(tiny_mistral: Path, gguf_of: GgufOf) -> None:
    file, base = gguf_of(tiny_mistral, "q4_0"), gguf_of(tiny_mistral, "q8_0")
    other = measure(file, base).divergence
    divergences, agreed, changes = [], [], []
    for (q, token), (p, _) in zip(log_probabilities(file), log_probabilities(base), strict=True):
        # What is below e^-16 is left out.
        divergences.append(math.fsum(math.exp(a) * (a - b) for a, b in zip(p, q, strict=True) if a > -16))
        agreed.append(p.index(max(p)) == q.index(max(q)))
        changes.append(math.exp(q[token]) - math.exp(p[token]))
    assert other is not None
    assert other.kl.value == pytest.approx(statistics.fmean(divergences), abs=1e-4)
    assert other.kl.error == pytest.approx(
        statistics.pstdev(divergences) / math.sqrt(len(divergences) - 1), abs=1e-4
    )
    assert other.kl_max == pytest.approx(max(divergences), abs=1e-3)
    assert other.kl_median == pytest.approx(statistics.median(divergences), abs=1e-3)
    assert other.kl_median < other.kl_99 < other.kl_99_9 < other.kl_max
    assert other.same_top.value == statistics.fmean(agreed)
    assert other.mean_change.value == pytest.approx(statistics.fmean(changes), abs=1e-4)
    assert other.rms_change.value == pytest.approx(
        math.sqrt(statistics.fmean(change**2 for change in changes)), abs=1e-4
    )


def test_a_directory_in_mlx_and_its_file_in_llama_cpp_predict_the_same(
    tiny_llama: Path, gguf_of: GgufOf
) -> None:
    result = measure(gguf_of(tiny_llama, "f32"), tiny_llama)
    assert result.divergence is not None
    assert (result.runtime, result.divergence.runtime) == ("llama.cpp", "MLX")
    assert result.divergence.kl.value < 1e-4


def test_without_llama_cpp_a_file_is_scored_in_mlx(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = gguf_of(tiny_llama, "q4_0")
    with_llama = measure(file)
    (tmp_path / "xllamacpp.py").write_text("raise ModuleNotFoundError('none', name='xllamacpp')")
    monkeypatch.syspath_prepend(tmp_path)
    without = measure(file)
    assert without.runtime == "MLX"
    assert without.perplexity.value == pytest.approx(with_llama.perplexity.value, rel=0.05)


def test_a_prediction_without_spread_has_no_divergence_from_itself() -> None:
    even = np.zeros((3, 8), np.float32)
    scores = score_tokens(even, np.array([0, 1, 2]), even)
    assert scores.kl is not None and scores.loss == pytest.approx(math.log(8))
    assert scores.kl == pytest.approx(0, abs=1e-6)


def test_log_probabilities_are_compared_in_the_16_bits_that_llama_perplexity_stores() -> None:
    base = np.array([[0.0, -5.0, -40.0]], np.float32)
    scores = score_tokens(base, np.array([2]), base)
    assert scores.base_loss is not None
    assert float(scores.loss[0]) == pytest.approx(40, abs=0.01)
    assert float(scores.base_loss[0]) == pytest.approx(16, abs=0.01)


@pytest.mark.parametrize(
    ("text", "context", "message"),
    [
        ("", 32, "the text is empty"),
        (" \n", 32, "the text is empty"),
        ("one two three", 32, "the text is too short: expected at least 64 tokens, two contexts, found"),
        (TEXT, 1 << 19, "the context is longer than the model's.*expected at most"),
    ],
)
def test_a_text_that_cannot_be_measured_is_named(
    text: str, context: int, message: str, tiny_llama: Path, gguf_of: GgufOf
) -> None:
    with pytest.raises(InputError, match=message):
        perplexity(resolve(gguf_of(tiny_llama, "f32")), text, replace(OPTIONS, context=context))


def test_models_of_different_tokenizers_are_not_compared(
    tiny_llama: Path, tiny_mistral: Path, tmp_path: Path, gguf_of: GgufOf
) -> None:
    with pytest.raises(InputError, match=r"different vocabularies.*found other tokens from number \d+"):
        measure(gguf_of(tiny_llama, "f32"), gguf_of(tiny_mistral, "f32"))
    larger = tiny.build_llama(tmp_path / "larger", vocab_size=600)
    with pytest.raises(InputError, match="found 512 and 600 tokens"):
        measure(gguf_of(tiny_llama, "f32"), larger)


def test_a_file_that_computes_nan_is_named(tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path) -> None:
    def fill(raw: np.ndarray) -> np.ndarray:
        return np.full_like(raw.view(np.float32), 1e38).view(np.uint8)

    file = tiny.patch_gguf(gguf_of(tiny_llama, "f32"), tmp_path / "a.gguf", "blk.0.ffn_up.weight", fill)
    with pytest.raises(WorkError, match=r"computes NaN.*a\.gguf.*in chunk 1"):
        measure(file)


def test_an_interrupt_ends_llama_cpp(tiny_llama: Path, gguf_of: GgufOf) -> None:
    scorers = []
    with (
        pytest.raises(KeyboardInterrupt),
        open_scorer(resolve(gguf_of(tiny_llama, "f32")), OPTIONS) as scorer,
    ):
        scorers.append(scorer)
        raise KeyboardInterrupt
    with pytest.raises(T2sqlError, match=r"llama\.cpp has ended"):
        scorers[0].tokenize("a")


def test_the_command_prints_a_table_or_json(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT + "\n")
    file, base = str(gguf_of(tiny_llama, "q8_0")), str(gguf_of(tiny_llama, "f32"))
    arguments = [
        "perplexity",
        file,
        "--text",
        str(text),
        "--against",
        base,
        "--context",
        "32",
        "--chunks",
        "4",
    ]
    assert run([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["perplexity"]["value"] == measure(Path(file)).perplexity.value
    assert 0 < document["divergence"]["kl"]["value"] < document["divergence"]["kl_max"]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    positions = [shown.index(word) for word in ("perplexity", "mean KL", "99.9% KL", "same likeliest token")]
    assert all(a < b for a, b in pairwise(positions))


def test_the_command_takes_a_dataset(
    tiny_llama: Path, gguf_of: GgufOf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps({"prompt": f"{line} ", "completion": "SELECT 1"}) for line in tiny.corpus()[:12]]
    (tmp_path / "test.jsonl").write_text("\n".join(lines))
    file = str(gguf_of(tiny_llama, "f32"))
    arguments = ["--data", str(tmp_path), "--context", "32", "--threads", "1", "--json"]
    assert run(["perplexity", file, *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["chunks"] > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "one text is needed: expected either --text or --data, found neither"),
        (["--text", "a", "--data", "b"], "found both"),
        (["--text", "missing.txt"], "no such file"),
        (["--text", "FILE"], "not a text file.*a GGUF model"),
        (["--text", "FILE", "--context", "1"], "--context is out of range"),
        (["--text", "FILE", "--backend", "torch"], "no such runtime.*auto, llama, mlx"),
    ],
)
def test_wrong_arguments_are_named(
    options: list[str],
    message: str,
    tiny_llama: Path,
    gguf_of: GgufOf,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(gguf_of(tiny_llama, "f32"))
    assert run(["perplexity", file, *[file if word == "FILE" else word for word in options]]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error, re.DOTALL), error


def test_llama_cpp_takes_no_directory(tiny_llama: Path) -> None:
    with pytest.raises(InputError, match=r"llama.cpp scores GGUF files.*found a directory"):
        perplexity(resolve(tiny_llama), TEXT, replace(OPTIONS, backend="llama"))
