"""Calibrated rounding: smaller errors of products, files that others take, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import gguf as gguf_py
import numpy as np
import pytest
from support import tiny

from t2sql.calibration import SECOND_ORDER_TYPES, CalibratedResult, Sequences, convert_calibrated
from t2sql.calibration.second_order import relative_loss, round_columns
from t2sql.cli import run
from t2sql.errors import InputError
from t2sql.gguf import ROUNDING_KEY, ConvertOptions, convert, dequantize_rows, quantize, read_gguf
from t2sql.models import resolve
from t2sql.verification import ScoreOptions, perplexity, verify

TEXT = "\n".join(tiny.corpus()[:40])


def activations(columns: int = 96) -> np.ndarray:
    """Correlated, as those of a model are."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((400, 12)) @ rng.standard_normal((12, columns)) + 0.3 * rng.standard_normal(
        (400, columns)
    )


def matrix(columns: int = 96) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((24, columns)).astype(np.float32)


@pytest.mark.parametrize("type_name", SECOND_ORDER_TYPES)
def test_products_with_the_activations_change_less_than_under_ggmls_rounding(type_name: str) -> None:
    x, weight = activations(), matrix()
    rounded = round_columns(weight, x.T @ x, type_name)
    error = np.linalg.norm(x @ (weight - rounded.values).T) ** 2 / np.linalg.norm(x @ weight.T) ** 2
    assert rounded.second_order
    assert rounded.loss == pytest.approx(error, rel=1e-6)
    assert rounded.loss < 0.7 * rounded.plain_loss


@pytest.mark.parametrize("type_name", SECOND_ORDER_TYPES)
def test_the_blocks_are_ggmls(type_name: str) -> None:
    x = activations()
    rounded = round_columns(matrix(), x.T @ x, type_name)
    kind = getattr(gguf_py.GGMLQuantizationType, type_name.upper())
    np.testing.assert_array_equal(gguf_py.quants.dequantize(rounded.blocks, kind), rounded.values)


def test_where_nothing_makes_up_for_an_error_it_is_not_worse_than_ggmls_rounding() -> None:
    weight = matrix()
    for hessian in (np.eye(96), np.zeros((96, 96))):
        rounded = round_columns(weight, hessian, "q4_0")
        assert np.isfinite(rounded.values).all()
        assert rounded.loss <= rounded.plain_loss
        assert rounded.loss == relative_loss(weight, dequantize_rows(rounded.blocks, "q4_0"), hessian)


def sequences(count: int = 40) -> Sequences:
    rng = np.random.default_rng(0)
    return Sequences("ids", rng.integers(3, 500, (count, 24)).tolist(), 24)


@pytest.fixture(scope="module")
def calibrated(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> CalibratedResult:
    out = tmp_path_factory.mktemp("calibrated") / "a.gguf"
    return convert_calibrated(tiny_llama, out, sequences(), ConvertOptions(type="q4_0"))


@pytest.mark.slow
def test_a_file_is_as_large_as_a_plain_one_and_nearer_to_the_source(
    calibrated: CalibratedResult, tiny_llama: Path, tmp_path: Path
) -> None:
    plain = convert(tiny_llama, tmp_path / "plain.gguf", type="q4_0")
    assert 0 <= calibrated.conversion.bytes - plain.bytes < 100
    assert calibrated.conversion.types == plain.types
    assert len(calibrated.tensors) == 14
    assert all(tensor.loss <= tensor.plain_loss for tensor in calibrated.tensors)
    assert read_gguf(calibrated.conversion.path).get(ROUNDING_KEY) == "calibrated"
    source, options = resolve(tiny_llama), ScoreOptions(32, "mlx")
    calibrated_kl, plain_kl = (
        perplexity(resolve(path), TEXT, options, against=source, most_chunks=6).divergence
        for path in (calibrated.conversion.path, plain.path)
    )
    assert calibrated_kl is not None and plain_kl is not None
    assert calibrated_kl.kl.value < 0.95 * plain_kl.kl.value


@pytest.mark.slow
def test_verify_takes_the_file_and_still_finds_damage(
    calibrated: CalibratedResult, tiny_llama: Path, tmp_path: Path
) -> None:
    result = verify(tiny_llama, calibrated.conversion.path)
    assert result.ok, result.cause

    def scramble(raw: np.ndarray) -> np.ndarray:
        raw[3, 2:] = 0x0F
        return raw

    damaged = tiny.patch_gguf(
        calibrated.conversion.path, tmp_path / "b.gguf", "blk.0.attn_v.weight", scramble
    )
    assert not verify(tiny_llama, damaged).ok


@pytest.mark.slow
def test_the_same_questions_give_the_same_bytes(
    calibrated: CalibratedResult, tiny_llama: Path, tmp_path: Path
) -> None:
    again = convert_calibrated(tiny_llama, tmp_path / "b.gguf", sequences(), ConvertOptions(type="q4_0"))
    assert again.conversion.path.read_bytes() == calibrated.conversion.path.read_bytes()


@pytest.mark.slow
def test_a_file_that_is_quantized_again_does_not_say_that_it_is_calibrated(
    calibrated: CalibratedResult, tmp_path: Path
) -> None:
    out = quantize(calibrated.conversion.path, tmp_path / "b.gguf", "q8_0", allow_requantize=True).path
    assert read_gguf(out).get(ROUNDING_KEY) is None


@pytest.mark.slow
def test_the_command_calibrates_with_a_text(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text("\n".join(tiny.corpus()))
    arguments = ["--type", "q4_1", "--calibration", str(tmp_path / "text.txt"), "--calibration-tokens", "600"]
    assert run(["convert", str(tiny_llama), str(tmp_path / "a.gguf"), *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["types"]["q4_1"] == 14
    assert "calibrated on 512 tokens of text.txt" in printed.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ConvertOptions(type="f32"), "no calibrated rounding.*q4_0, q4_1, q8_0, found f32"),
        (ConvertOptions(type="q4_0", max_shard_size="2G"), "found several files"),
    ],
)
def test_other_outputs_are_refused(
    options: ConvertOptions, message: str, tiny_llama: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        convert_calibrated(tiny_llama, tmp_path / "a.gguf", sequences(1), options)
