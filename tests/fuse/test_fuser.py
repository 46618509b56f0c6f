"""Fusing: the sum behaves as base + adapter, from every kind of base, and never in vain."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.training import Events, settings, small_dataset

from t2sql import data, fuse, gguf, models, train
from t2sql.data import Dataset, DataSource
from t2sql.errors import InputError, WorkError
from t2sql.prompt import PromptFormat, encode
from t2sql.runtimes import mx
from t2sql.train import TrainConfig

IDS = [[5, 9, 30, 41, 7, 100, 200]]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_dataset(tmp_path_factory.mktemp("data"))


def trained(model: Path, dataset: Dataset, out: Path, **changes: Any) -> Path:
    config = TrainConfig.of(**settings(model, iters=4, num_layers=2, learning_rate=5e-3, **changes))
    return train.train(config, dataset, out, emit=Events()).best


@pytest.fixture(scope="module")
def adapter(tiny_llama: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tiny_llama, dataset, tmp_path_factory.mktemp("run"))


def quantized(model: Path, out: Path, bits: int) -> Path:
    """An MLX-quantized copy of a model directory."""
    from mlx_lm.utils import load_model, quantize_model, save_config, save_model

    shutil.copytree(model, out)
    network, config = load_model(model)
    network, config = quantize_model(network, config, 32, bits)
    (out / "model.safetensors").unlink()
    save_model(out, network)
    save_config(config, out / "config.json")
    return out


def logits(model: Path, adapter: Path | None = None) -> mx.array:
    return models.load(model, adapter=adapter).model(mx.array(IDS))


def test_the_fused_model_is_base_plus_adapter(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    result = fuse.fuse(tiny_llama, adapter, tmp_path / "fused")
    assert mx.allclose(logits(tmp_path / "fused"), logits(tiny_llama, adapter), atol=1e-4)
    assert not mx.allclose(logits(tmp_path / "fused"), logits(tiny_llama), atol=1e-2)
    assert result.lost < 1e-3 and result.max_change > 0 and result.dtype == "float32"
    assert not list(tmp_path.glob(".*"))


def test_the_directory_is_complete(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    fuse.fuse(tiny_llama, adapter, tmp_path / "fused")
    config = json.loads((tmp_path / "fused/config.json").read_text())
    assert config["t2sql"]["prompt_format"] == "t2sql.prompt.1"
    assert config["t2sql"]["base_model"] == "tiny-llama"
    assert config["t2sql"]["adapter"].endswith(f"checkpoints/{adapter.name}")
    assert "license: mit" in (tmp_path / "fused/README.md").read_text()
    names = set(tiny.tensors(json.loads((tiny_llama / "config.json").read_text())))
    assert set(mx.load(str(tmp_path / "fused/model.safetensors"))) == names


def test_its_chat_template_asks_as_trained(tiny_mistral: Path, dataset: Dataset, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_mistral, base)
    (base / "chat_template.jinja").write_text("{{ 'something else' }}")
    best = trained(base, dataset, tmp_path / "run")
    fuse.fuse(base, best, tmp_path / "fused")
    tokenizer = models.load(tmp_path / "fused").tokenizer
    example = dataset.test[0]
    message = [{"role": "user", "content": example.prompt.removesuffix("\nA: ")}]
    asked = tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
    ids = tokenizer.encode(asked, add_special_tokens=False)
    assert ids == encode(tokenizer, example.prompt)[0]


def test_the_prompt_format_goes_from_the_dataset_into_every_file(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    prompt = PromptFormat.of("2+types+keys")
    typed = data.prepare(DataSource(str(dataset.path), prompt=prompt), tmp_path / "data")
    best = trained(tiny_llama, typed, tmp_path / "run")
    assert json.loads((best / "adapter_config.json").read_text())["prompt_format"] == prompt.name
    fuse.fuse(tiny_llama, best, tmp_path / "fused")
    assert models.directory_facts(tmp_path / "fused").prompt_format == prompt.name
    file = gguf.convert(tmp_path / "fused", tmp_path / "fused.gguf", type="f32").path
    assert models.gguf_facts(file).prompt_format == prompt.name
    tokenizer = models.load(tmp_path / "fused").tokenizer
    example = typed.test[0]
    tables, _, question = example.prompt.removesuffix("\nA: ").partition("\nQ: ")
    messages = [{"role": "system", "content": tables}, {"role": "user", "content": f"Q: {question}"}]
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert tokenizer.encode(asked, add_special_tokens=False) == encode(tokenizer, example.prompt).ids
    whole = encode(tokenizer, example.prompt, example.completion)
    assert whole.ids[: whole.prompt_len] == encode(tokenizer, example.prompt).ids


@pytest.mark.parametrize("kind", ["dora", "full"])
def test_other_adapters_fuse(kind: str, tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    best = trained(tiny_llama, dataset, tmp_path / "run", fine_tune_type=kind)
    fuse.fuse(tiny_llama, best, tmp_path / "fused")
    assert mx.allclose(logits(tmp_path / "fused"), logits(tiny_llama, best), atol=1e-3)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantized_base_is_dequantized(
    bits: int, tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    base = quantized(tiny_llama, tmp_path / "base", bits)
    best = trained(base, dataset, tmp_path / "run")
    fuse.fuse(base, best, tmp_path / "fused")
    config = json.loads((tmp_path / "fused/config.json").read_text())
    assert "quantization" not in config and "quantization_config" not in config
    assert mx.allclose(logits(tmp_path / "fused"), logits(base, best), atol=1e-3)


def test_a_quantized_base_can_stay_quantized(tiny_llama: Path, dataset: Dataset, tmp_path: Path) -> None:
    base = quantized(tiny_llama, tmp_path / "base", 8)
    best = trained(base, dataset, tmp_path / "run")
    result = fuse.fuse(base, best, tmp_path / "fused", keep_quantized=True)
    assert result.dtype == "8-bit" and 0 < result.lost < 0.5
    assert json.loads((tmp_path / "fused/config.json").read_text())["quantization"]["bits"] == 8
    assert mx.abs(logits(tmp_path / "fused") - logits(base)).max() > 1e-2


def test_an_effect_lost_to_requantization_is_an_error(
    tiny_llama: Path, adapter: Path, tmp_path: Path
) -> None:
    base = quantized(tiny_llama, tmp_path / "base", 4)
    faint = scaled(adapter, tmp_path / "faint", 1e-3)
    with pytest.raises(WorkError, match=r"does not behave as base \+ adapter .*--keep-quantized"):
        fuse.fuse(base, faint, tmp_path / "fused", keep_quantized=True)
    assert not (tmp_path / "fused").exists() and not list(tmp_path.glob(".*"))


def test_keeping_bits_that_are_not_there_is_an_error(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not quantized"):
        fuse.fuse(tiny_llama, adapter, tmp_path / "fused", keep_quantized=True)


def test_a_qlora_adapter_fuses_into_the_base_it_saw(
    tiny_llama: Path, dataset: Dataset, tmp_path: Path
) -> None:
    best = trained(tiny_llama, dataset, tmp_path / "run", base_bits=4)
    fuse.fuse(tiny_llama, best, tmp_path / "fused")
    assert mx.allclose(logits(tmp_path / "fused"), logits(tiny_llama, best), atol=1e-3)


def test_a_bfloat16_base_stays_so_only_if_the_effect_survives(
    tiny_llama: Path, adapter: Path, tmp_path: Path
) -> None:
    base = tiny.build_llama(tmp_path / "base", dtype="BF16")
    strong = fuse.fuse(base, scaled(adapter, tmp_path / "strong", 3.0), tmp_path / "one")
    faint = fuse.fuse(base, scaled(adapter, tmp_path / "faint", 1e-2), tmp_path / "two")
    assert (strong.dtype, faint.dtype) == ("bfloat16", "float32")
    assert "written as float32" in faint.note and faint.lost < 0.02
    assert json.loads((tmp_path / "two/config.json").read_text())["torch_dtype"] == "float32"


def scaled(adapter: Path, out: Path, factor: float) -> Path:
    """The adapter with its effect multiplied."""
    shutil.copytree(adapter, out)
    weights = mx.load(str(adapter / "adapters.safetensors"))
    weights = {name: value * factor if name.endswith("lora_b") else value for name, value in weights.items()}
    mx.save_safetensors(str(out / "adapters.safetensors"), weights)
    return out


def test_an_adapter_without_effect_is_an_error(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="adapter has no effect"):
        fuse.fuse(tiny_llama, scaled(adapter, tmp_path / "zero", 0.0), tmp_path / "fused")
    assert not (tmp_path / "fused").exists() and not list(tmp_path.glob(".*"))


def test_an_old_npz_adapter_is_refused_by_name(tiny_llama: Path, tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "adapters.npz", x=np.zeros(3))
    for path in (tmp_path / "adapters.npz", tmp_path):
        with pytest.raises(InputError, match=r"\.npz"):
            fuse.fuse(tiny_llama, path, tmp_path / "fused")


def test_an_adapter_of_another_model_is_named(adapter: Path, tmp_path: Path) -> None:
    wide = tiny.build_llama(tmp_path / "wide", hidden_size=96)
    with pytest.raises(InputError, match=r"does not fit the model .*lora_a.*expected shape"):
        fuse.fuse(wide, adapter, tmp_path / "fused")
    shallow = tiny.build_llama(tmp_path / "shallow", num_hidden_layers=1)
    with pytest.raises(InputError, match="belongs to another model"):
        fuse.fuse(shallow, adapter, tmp_path / "fused")


def test_an_adapter_whose_rank_is_wrong_is_named(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    shutil.copytree(adapter, tmp_path / "a")
    file = tmp_path / "a/adapter_config.json"
    config = json.loads(file.read_text())
    config["lora_parameters"]["rank"] = 2
    file.write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"does not fit .*Another rank"):
        fuse.fuse(tiny_llama, tmp_path / "a", tmp_path / "fused")


def test_a_missing_adapter_is_an_error(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such adapter"):
        fuse.fuse(tiny_llama, tmp_path / "nothing", tmp_path / "fused")


def test_an_existing_output_is_refused_without_force(tiny_llama: Path, adapter: Path, tmp_path: Path) -> None:
    fuse.fuse(tiny_llama, adapter, tmp_path / "fused")
    with pytest.raises(InputError, match="output exists"):
        fuse.fuse(tiny_llama, adapter, tmp_path / "fused")
    fuse.fuse(tiny_llama, adapter, tmp_path / "fused", force=True)


def test_large_models_are_sharded_with_an_index(
    tiny_llama: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t2sql.fuse.directory.SHARD_BYTES", 100_000)
    fuse.fuse(tiny_llama, adapter, tmp_path / "fused")
    shards = sorted(p.name for p in (tmp_path / "fused").glob("model-*.safetensors"))
    assert len(shards) > 1
    index = json.loads((tmp_path / "fused/model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == set(shards)
    assert mx.allclose(logits(tmp_path / "fused"), logits(tiny_llama, adapter), atol=1e-4)
