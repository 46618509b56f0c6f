"""llama.cpp's process where its library is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from t2sql.errors import MissingPartError
from t2sql.runtimes import LlamaServer, ServerParameters


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ModuleNotFoundError('none', name='xllamacpp')", "not installed.*pip install xllamacpp"),
        ("raise ImportError('libgomp.so.1: no such file')", "does not load.*libgomp.*apt install libgomp1"),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_installation(
    source: str,
    message: str,
    tiny_llama: Path,
    gguf_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "xllamacpp.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPartError, match=message):
        LlamaServer(ServerParameters(gguf_of(tiny_llama, "f32"), 64))


def test_parameters_come_out_of_the_text_that_they_went_into(tmp_path: Path) -> None:
    for parameters in (
        ServerParameters(tmp_path / "a.gguf", 64),
        ServerParameters(
            tmp_path / "a.gguf", 64, 2, tmp_path / "b.gguf", threads=1, gpu_layers=0, exact=True
        ),
    ):
        assert ServerParameters.from_text(parameters.to_text()) == parameters
