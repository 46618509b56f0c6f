"""Quantized MLX directories: converted as they stand, to the values that MLX computes in float32."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny_families

from t2sql.errors import InputError
from t2sql.gguf import convert, read_directory, read_gguf, to_hf_rows
from t2sql.verification.original import TEXTS

BLOCK_MATRIX = "model.layers.0.mlp.up_proj"


def quantized(folder: Path, name: str, bits: int, group_size: int, dtype: str = "float32") -> Path:
    """A tiny model as `mlx_lm convert -q` leaves it."""
    from mlx.utils import tree_flatten

    from t2sql.models.loading import load_network
    from t2sql.runtimes.mlx import mx, nn

    source = tiny_families.build(folder / "source", name)
    network, config = load_network(source)
    network.set_dtype(getattr(mx, dtype))
    nn.quantize(network, group_size=group_size, bits=bits)
    out = Path(shutil.copytree(source, folder / "quantized"))
    parameters = dict(tree_flatten(network.parameters()))
    mx.save_safetensors(str(out / "model.safetensors"), parameters, metadata={"format": "mlx"})
    settings = {"group_size": group_size, "bits": bits}
    document = {**config, "quantization": settings, "quantization_config": settings}
    (out / "config.json").write_text(json.dumps(document))
    return out


def by_mlx(folder: Path, stem: str, bits: int, group_size: int) -> np.ndarray:
    from t2sql.runtimes.mlx import mx

    weights: Any = mx.load(str(folder / "model.safetensors"))
    scales, biases = (weights[f"{stem}.{part}"].astype(mx.float32) for part in ("scales", "biases"))
    return np.array(mx.dequantize(weights[f"{stem}.weight"], scales, biases, group_size, bits))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("group_size", [32, 64])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_every_width_and_group_gives_mlx_s_values_bit_for_bit(
    bits: int, group_size: int, dtype: str, tmp_path: Path
) -> None:
    source = quantized(tmp_path, "llama", bits, group_size, dtype)
    file = read_gguf(convert(source, tmp_path / "a.gguf").path)
    directory = read_directory(source)
    for stem, gguf, heads in ((BLOCK_MATRIX, "ffn_up", 0), ("model.layers.0.self_attn.k_proj", "attn_k", 2)):
        expected = by_mlx(source, stem, bits, group_size)
        found = to_hf_rows(file.tensors[f"blk.0.{gguf}.weight"].float32(), heads)
        assert np.array_equal(found, expected), stem
        assert np.array_equal(directory.tensors[f"{stem}.weight"].float32(), expected), stem
    assert "quantization" not in json.loads(file.metadata["t2sql.config"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llama", "gemma2", "phi3-partial"])
def test_llama_cpp_says_of_the_file_what_mlx_says_of_the_quantized_directory(
    name: str, tmp_path: Path
) -> None:
    from t2sql.models import load
    from t2sql.runtimes import LlamaPredictor
    from t2sql.runtimes.mlx import mx

    source = quantized(tmp_path, name, 4, 32)
    convert(source, tmp_path / "a.gguf", type="f32")
    loaded = load(source)
    ids = list(loaded.tokenizer.encode(TEXTS[0]))[:40]
    logits = np.array(loaded.model(mx.array([ids]))[0], dtype=np.float64)
    expected = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))[:, :1]
    with LlamaPredictor(tmp_path / "a.gguf") as llama:
        for position in (5, 20, len(ids) - 1):
            for token, logp in llama.top(ids[: position + 1], 5):
                assert logp == pytest.approx(expected[position][token], abs=0.05)


def test_settings_of_one_layer_beat_the_file_s(tmp_path: Path) -> None:
    from t2sql.runtimes.mlx import mx

    source = quantized(tmp_path, "llama", 4, 32)
    weights: Any = mx.load(str(source / "model.safetensors"))
    codes, scales, biases = mx.quantize(mx.random.normal((128, 64)), 64, 8)
    weights |= {f"{BLOCK_MATRIX}.weight": codes, f"{BLOCK_MATRIX}.scales": scales}
    weights[f"{BLOCK_MATRIX}.biases"] = biases
    mx.save_safetensors(str(source / "model.safetensors"), weights)
    config = json.loads((source / "config.json").read_text())
    config["quantization"][BLOCK_MATRIX] = {"group_size": 64, "bits": 8}
    (source / "config.json").write_text(json.dumps(config))
    file = read_gguf(convert(source, tmp_path / "a.gguf").path)
    assert np.array_equal(file.tensors["blk.0.ffn_up.weight"].float32(), by_mlx(source, BLOCK_MATRIX, 8, 64))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group_size": 32, "bits": 4, "mode": "mxfp4"}, "quantization not supported.*mxfp4"),
        ({"group_size": 32, "bits": 7}, "quantization not supported.*7 bits"),
        ({"group_size": 64, "bits": 4}, "config contradicts a tensor"),
        ({"group_size": 32, "bits": 8}, "config contradicts a tensor"),
    ],
)
def test_settings_that_do_not_hold_are_refused(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    source = quantized(tmp_path, "llama", 4, 32)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "quantization": settings}))
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.gguf")
    assert not (tmp_path / "a.gguf").exists()


def test_a_quantization_that_is_not_mlx_s_is_refused(tmp_path: Path) -> None:
    source = tiny_families.build(tmp_path / "source", "llama")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(
        json.dumps({**config, "quantization_config": {"quant_method": "awq"}})
    )
    with pytest.raises(InputError, match=r"already quantized.*awq"):
        convert(source, tmp_path / "a.gguf")
