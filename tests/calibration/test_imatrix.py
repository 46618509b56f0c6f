"""Importance matrices: the sums by NumPy, every family, and what cannot be collected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny
from support.tiny_families import MODELS

from t2sql.calibration import CollectOptions, Sequences, collect, dataset_sequences, text_sequences
from t2sql.checked_json import read_json
from t2sql.cli import run
from t2sql.data import load
from t2sql.errors import InputError, WorkError
from t2sql.gguf import read_imatrix, read_model
from t2sql.models import load_tokenizer

TEXT = "\n".join(tiny.corpus()[:12])


def tokenizer_of(model: Path) -> Any:
    return load_tokenizer(model, read_json(model / "config.json"))


def rms_norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5) * weight


def rotated(x: np.ndarray) -> np.ndarray:
    """Rotary positions of [tokens, heads, head_dim], halves paired."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(half) / half)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    first, second = x[..., :half], x[..., half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def llama_inputs(ids: list[int], weights: dict[str, np.ndarray]) -> Iterable[tuple[str, np.ndarray]]:
    """(GGUF name, input [tokens, columns]) of every matrix of the tiny llama, in NumPy."""
    h = weights["model.embed_tokens.weight"][ids].astype(np.float64)
    blocked = np.triu(np.full((len(ids), len(ids)), -np.inf), 1)
    for index in range(2):
        layer, name = f"model.layers.{index}.", f"blk.{index}."
        x = rms_norm(h, weights[layer + "input_layernorm.weight"])
        for part in ("q", "k", "v"):
            yield f"{name}attn_{part}.weight", x
        q, k, v = (
            (x @ weights[f"{layer}self_attn.{part}_proj.weight"].T).reshape(len(ids), -1, 16)
            for part in ("q", "k", "v")
        )
        k, v = rotated(k).repeat(2, axis=1), v.repeat(2, axis=1)
        scores = np.einsum("qhd,khd->hqk", rotated(q), k) / 4 + blocked
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", shares, v).reshape(len(ids), -1)
        yield f"{name}attn_output.weight", mixed
        h = h + mixed @ weights[layer + "self_attn.o_proj.weight"].T
        x = rms_norm(h, weights[layer + "post_attention_layernorm.weight"])
        yield f"{name}ffn_gate.weight", x
        yield f"{name}ffn_up.weight", x
        gate = x @ weights[layer + "mlp.gate_proj.weight"].T
        inner = gate / (1 + np.exp(-gate)) * (x @ weights[layer + "mlp.up_proj.weight"].T)
        yield f"{name}ffn_down.weight", inner
        h = h + inner @ weights[layer + "mlp.down_proj.weight"].T
    # The embedding makes the logits.
    yield "token_embd.weight", rms_norm(h, weights["model.norm.weight"])


def test_the_sums_are_those_that_numpy_computes(tiny_llama: Path) -> None:
    ids = [[5, 9, 300, 41, 7, 100, 450], [44, 3, 3], [101, 102, 103]]
    weights = tiny.tensors(read_json(tiny_llama / "config.json"))
    expected: dict[str, np.ndarray] = {}
    for sequence in ids:
        for name, x in llama_inputs(sequence, weights):
            expected[name] = expected.get(name, 0) + (x * x).sum(axis=0)
    matrix = collect(tiny_llama, Sequences("hand", ids, 7), CollectOptions(process_output=True))
    assert set(matrix.tensors) == set(expected)
    assert (matrix.datasets, matrix.chunk_count, matrix.chunk_size) == (("hand",), 3, 7)
    for name, sums in expected.items():
        np.testing.assert_allclose(matrix.tensors[name].sums, sums[None, :], rtol=2e-5)
        assert matrix.tensors[name].counts.tolist() == [13]


def test_in_several_passes_the_sums_are_the_same(tiny_llama: Path) -> None:
    sequences = text_sequences(tokenizer_of(tiny_llama), TEXT, "text", context=16, most_tokens=64)
    whole = collect(tiny_llama, sequences)
    # Room for the states of 20 tokens of 64 numbers.
    parts = collect(tiny_llama, sequences, CollectOptions(state_bytes=20 * 64 * 4))
    assert list(parts.tensors) == list(whole.tensors)
    for name, statistics in whole.tensors.items():
        np.testing.assert_allclose(parts.tensors[name].sums, statistics.sums, rtol=1e-5)
        assert parts.tensors[name].counts.tolist() == statistics.counts.tolist() == [64]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if "-" not in name])
def test_every_matrix_of_every_family_is_collected(name: str, family_model: Callable[[str], Path]) -> None:
    path = family_model(name)
    model = read_model(path)
    matrices = {name for name, info in model.tensors.items() if len(info.shape) == 2} - {"token_embd.weight"}
    matrix = collect(path, Sequences("ids", [[1, 2, 3, 4, 5]], 5), CollectOptions(process_output=True))
    assert set(matrix.tensors) - {"token_embd.weight"} == matrices
    for tensor, statistics in matrix.tensors.items():
        assert statistics.sums.shape == (1, model.tensors[tensor].shape[1])
        assert statistics.sums.sum() > 0


def test_a_text_is_cut_as_llama_imatrix_cuts_it(tiny_mistral: Path) -> None:
    tokenizer = tokenizer_of(tiny_mistral)
    ids = tokenizer._tokenizer.encode(TEXT)
    sequences = text_sequences(tokenizer, TEXT + "\n", "text", context=16, most_tokens=40)
    # BOS takes the place of each chunk's first token.
    assert sequences.ids == [[1, *ids[1:16]], [1, *ids[17:32]]]


def test_a_dataset_is_its_training_questions_spread_over_the_split(tiny_llama: Path, tmp_path: Path) -> None:
    lines = [{"prompt": f"{line} ", "completion": "SELECT 1"} for line in tiny.corpus()[:30]]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, lines)))
    dataset, tokenizer = load(tmp_path), tokenizer_of(tiny_llama)
    whole = dataset_sequences(tokenizer, dataset, context=512, most_tokens=100_000)
    some = dataset_sequences(tokenizer, dataset, context=512, most_tokens=whole.tokens // 3)
    assert len(whole.ids) == 30
    assert some.ids == whole.ids[::3] or some.ids == whole.ids[::4]
    (tmp_path / "train.jsonl").rename(tmp_path / "test.jsonl")
    with pytest.raises(InputError, match="nothing to calibrate with"):
        dataset_sequences(tokenizer, load(tmp_path), context=512, most_tokens=100)


def test_an_activation_that_is_not_finite_is_named(tmp_path: Path) -> None:
    model = tiny.build_llama(tmp_path / "model")
    weights = tiny.tensors(read_json(model / "config.json"))
    weights["model.layers.1.mlp.up_proj.weight"][:] = 3e38
    tiny.write_weights(model, weights)
    with pytest.raises(WorkError, match=r"not finite.*in the input of blk\.1\.ffn_down\.weight"):
        collect(model, Sequences("ids", [[1, 2, 3]], 3))


@pytest.mark.parametrize(("option", "name"), [("--text", "."), ("--data", "text.txt"), ("--data", "none")])
def test_a_folder_for_a_text_and_a_file_for_a_dataset_are_refused(
    option: str, name: str, tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    out = tmp_path / "a.gguf"
    assert run(["imatrix", str(tiny_llama), str(out), option, str(tmp_path / name)]) == 2
    assert "--text takes files, --data directories" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.slow
def test_the_command_writes_a_file_of_either_form(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, file, old = tmp_path / "text.txt", tmp_path / "a.gguf", tmp_path / "a.dat"
    text.write_text(TEXT)
    arguments = ["--text", str(text), "--context", "16", "--tokens", "32", "--json"]
    assert run(["imatrix", str(tiny_llama), str(file), *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["tensors"], document["sequences"], document["tokens"]) == (14, 2, 32)
    assert run(["imatrix", str(tiny_llama), str(old), *arguments, "--old-form"]) == 0
    new_sums, old_sums = (read_imatrix(path).tensors["blk.0.attn_q.weight"].weights for path in (file, old))
    np.testing.assert_allclose(old_sums, new_sums, rtol=1e-5)
    assert run(["imatrix", str(tiny_llama), str(file), *arguments]) == 2
    assert "output exists" in json.loads(capsys.readouterr().out.split("}\n")[-2] + "}")["error"]
