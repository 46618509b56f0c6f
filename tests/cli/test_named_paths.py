"""Errors name the path that was given and the option that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from t2sql.cli import run


@pytest.mark.parametrize(
    "arguments",
    [
        ["convert", "--adapter", "nosuch", "out.gguf"],
        ["fuse", "--adapter", "nosuch", "--out", "out"],
        ["test", "--adapter", "nosuch", "--data", "data"],
        ["ask", "m.gguf", "Who?", "--table", "t: a", "--adapter", "nosuch"],
    ],
)
def test_an_adapter_that_is_not_there_is_named(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    message = capsys.readouterr().err
    assert "adapter (nosuch)" in message and "which model" not in message


def test_convert_asks_for_the_option_that_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    assert run(["convert", "--adapter", str(adapter), str(tmp_path / "out.gguf")]) == 2
    message = capsys.readouterr().err
    assert "--base" in message and "--model" not in message and str(adapter) in message


@pytest.mark.parametrize("command", ["ask", "convert"])
def test_a_run_directory_gets_a_hint_at_its_models(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in ("gguf/base.q8_0.gguf", "gguf/shop.f32.gguf", "gguf/shop.q8_0.gguf", "fused/config.json"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    more = ["Who?", "--table", "t: a"] if command == "ask" else [str(tmp_path / "out.gguf")]
    assert run([command, str(tmp_path), *more]) == 2
    message = capsys.readouterr().err
    assert str(tmp_path / "gguf/shop.q8_0.gguf") in message and str(tmp_path / "fused") in message
