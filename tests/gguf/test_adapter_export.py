"""An adapter in one format and back: the same matrices, ranks and scales, and the same identity."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from support import tiny
from support.adapters import edit_config, write_adapter, write_adapter_of_all

from t2sql import fuse
from t2sql.adapters import identify_adapter, read_adapter_config
from t2sql.errors import InputError
from t2sql.gguf import export_adapter, read_changes, read_directory

GOLDEN = Path(__file__).parents[1] / "golden" / "peft"
MLX, PEFT = "adapters.safetensors", "adapter_model.safetensors"


def same(one: Path, other: Path) -> bool:
    first, second = load_file(one), load_file(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize("dora", [False, True])
def test_mlx_to_peft_and_back_is_the_same_adapter(dora: bool, tiny_mistral: Path, tmp_path: Path) -> None:
    adapter = write_adapter_of_all(tiny_mistral, tmp_path / "adapter", dora=dora)
    edit_config(adapter, prompt_format="t2sql.prompt.1", base_adapters=[])
    peft = export_adapter(tiny_mistral, adapter, tmp_path / "peft", "peft")
    mlx = export_adapter(tiny_mistral, peft, tmp_path / "mlx", "mlx")
    assert same(adapter / MLX, mlx / MLX)
    before, after = read_adapter_config(adapter), read_adapter_config(mlx)
    assert after.lora is not None and before.lora is not None
    assert (after.fine_tune_type, after.prompt_format, after.num_layers) == (
        before.fine_tune_type,
        "t2sql.prompt.1",
        2,
    )
    assert (after.lora.rank, after.lora.scale, after.lora.keys) == (
        before.lora.rank,
        before.lora.scale,
        before.lora.keys,
    )
    assert identify_adapter(adapter) == identify_adapter(peft) == identify_adapter(mlx)
    fused = fuse.fuse(tiny_mistral, adapter, tmp_path / "fused").path
    with pytest.raises(InputError, match="in these weights already"):
        fuse.fuse(fused, peft, tmp_path / "twice")


def test_layers_and_modules_are_said_shortly_where_that_is_exact(tiny_mistral: Path, tmp_path: Path) -> None:
    peft = export_adapter(
        tiny_mistral, write_adapter(tiny_mistral, tmp_path / "a"), tmp_path / "peft", "peft"
    )
    config = json.loads((peft / "adapter_config.json").read_text())
    assert config["target_modules"] == ["down_proj", "k_proj", "o_proj", "q_proj"]
    assert (config["layers_to_transform"], config["r"], config["lora_alpha"]) == ([1], 4, 20.0)


@pytest.mark.parametrize("case", ["patterns", "rslora", "dora", "whole"])
def test_peft_to_peft_keeps_every_rank_scale_and_value(case: str, tmp_path: Path) -> None:
    base = (
        tiny.build_mistral(tmp_path / "b", hidden_size=32, intermediate_size=64, num_hidden_layers=1)
        if case == "whole"
        else tiny.build_llama(tmp_path / "b")
    )
    out = export_adapter(base, GOLDEN / case, tmp_path / "out", "peft")
    assert same(GOLDEN / case / PEFT, out / PEFT)
    directory = read_directory(base)
    first, second = read_changes(GOLDEN / case, directory), read_changes(out, directory)
    assert [(m, p.rank, p.scale) for m, p in sorted(first.low_rank.items())] == [
        (m, p.rank, p.scale) for m, p in sorted(second.low_rank.items())
    ]
    assert first.whole.keys() == second.whole.keys()


def test_several_ranks_become_one_in_mlx_with_the_same_sum(tmp_path: Path) -> None:
    base = tiny.build_llama(tmp_path / "b")
    mlx = export_adapter(base, GOLDEN / "patterns", tmp_path / "mlx", "mlx")
    one = fuse.fuse(base, GOLDEN / "patterns", tmp_path / "one").path / "model.safetensors"
    other = fuse.fuse(base, mlx, tmp_path / "other").path / "model.safetensors"
    first, second = load_file(one), load_file(other)
    assert all(np.allclose(first[name], second[name], rtol=0, atol=1e-6) for name in first)


def test_what_a_format_cannot_say_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    base = tiny.build_mistral(tmp_path / "b", hidden_size=32, intermediate_size=64, num_hidden_layers=1)
    with pytest.raises(InputError, match=r"whole tensors has no form in mlx-lm.*t2sql fuse"):
        export_adapter(base, GOLDEN / "whole", tmp_path / "mlx", "mlx")
    with pytest.raises(InputError, match="output"):
        export_adapter(tiny_llama, GOLDEN / "dora", tiny_llama, "peft", force=True)
    assert not (tmp_path / "mlx").exists()


def test_the_command_writes_each_format(
    tiny_mistral: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from t2sql.cli.edge import run_command_line

    adapter = write_adapter(tiny_mistral, tmp_path / "adapter")
    for kind, out, file in (("peft", "p", PEFT), ("mlx", "m", MLX), ("gguf", "a.gguf", "")):
        arguments = [str(adapter), str(tmp_path / out), "--format", kind, "--base", str(tiny_mistral)]
        assert run_command_line(["export-adapter", *arguments, "--json"]) == 0
        json.loads(capsys.readouterr().out)
        assert (tmp_path / out / file).exists()
        assert run_command_line(["export-adapter", *arguments]) == 2
        assert run_command_line(["export-adapter", *arguments, "--force"]) == 0
        capsys.readouterr()
