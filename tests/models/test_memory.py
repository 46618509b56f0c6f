"""What a command takes is computed from headers, and refused before the load where there is less."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest
from support import tiny
from support.training import small_dataset

from t2sql import fuse, models, train, verification
from t2sql.errors import InputError, WorkError
from t2sql.gguf import ModelConfig, by_hf_architecture, convert
from t2sql.runtimes import available_memory
from t2sql.train import TrainConfig

_MISTRAL = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "torch_dtype": "bfloat16",
}


@pytest.fixture(scope="module")
def seven_billion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of Mistral-7B's shape whose weights are holes in a file: they take no disk."""
    folder = tiny.build_mistral(tmp_path_factory.mktemp("7b") / "model")
    config = {**json.loads((folder / "config.json").read_text()), **_MISTRAL}
    (folder / "config.json").write_text(json.dumps(config))
    family = by_hf_architecture("MistralForCausalLM", "here")
    header, end = {}, 0
    for name, shape in family.expected(ModelConfig(config), tied=False).items():
        size = 2 * math.prod(shape)
        offsets = [end, end + size]
        header[str(family.to_hf(name))] = {"dtype": "BF16", "shape": list(shape), "data_offsets": offsets}
        end += size
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return folder


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_MEMORY_GB", "24")


def test_the_size_is_that_of_the_headers(seven_billion: Path) -> None:
    size = models.model_size(seven_billion)
    assert size.parameters == 7_241_732_096
    assert size.held("float32") == 4 * size.parameters
    assert size.held("bfloat16") == size.stored


def test_seven_billion_weights_are_refused_on_24_gb(seven_billion: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkError, match=r"not enough memory to load .*about 29\.4 GB, found 24\.0 GB free"):
        models.load(seven_billion, dtype="float32")
    fuse.check_fits(models.resolve(seven_billion))
    with pytest.raises(WorkError, match=r"not enough memory to fuse.*convert --adapter"):
        fuse.check_fits(models.resolve(seven_billion), keep_quantized=True)
    tiny_file = convert(tiny.build_llama(tmp_path / "tiny"), tmp_path / "a.gguf").path
    with pytest.raises(WorkError, match="not enough memory to compare"):
        verification.verify(seven_billion, tiny_file)


def test_training_is_refused_before_the_model_is_loaded(seven_billion: Path, tmp_path: Path) -> None:
    config = TrainConfig.of(model=str(seven_billion), iters=2, batch_size=2)
    dataset = small_dataset(tmp_path / "data", train=8)
    with pytest.raises(WorkError, match="not enough memory to train"):
        train.train(config, dataset, tmp_path / "run", emit=lambda event: None)


def test_training_that_does_not_fit_names_what_would(
    seven_billion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2SQL_MEMORY_GB", "32")
    config = TrainConfig.of(model=str(seven_billion), iters=2, batch_size=64, num_layers=-1)
    dataset = small_dataset(tmp_path / "data", train=64)
    with pytest.raises(WorkError, match=r"These would fit: .*--batch-size"):
        train.train(config, dataset, tmp_path / "run", emit=lambda event: None)


@pytest.mark.parametrize("text", ["0", "-1", "many", "nan", "inf"])
def test_an_override_that_is_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2SQL_MEMORY_GB", text)
    with pytest.raises(InputError, match="T2SQL_MEMORY_GB"):
        available_memory()
