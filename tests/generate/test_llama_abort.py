"""Files that make llama.cpp end its process: an error of the command, and no more."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from t2sql import gguf
from t2sql.cli import run
from t2sql.errors import T2sqlError, WorkError
from t2sql.generate import BackendOptions, Request, open_backend
from t2sql.runtimes import LlamaPredictor, LlamaServer, ServerParameters

Fields = dict[str, tuple[GGUFValueType, GGUFValueType | None, object]]
_FUZZED = 24
_VALUES: dict[GGUFValueType, tuple[object, ...]] = {
    GGUFValueType.UINT32: (0, 1, 3, 7, 65, 4294967295, 100_000),
    GGUFValueType.FLOAT32: (0.0, -1.0, float("nan"), float("inf"), 1e30),
}


def changed(source: Path, out: Path, change: Callable[[Fields], None]) -> Path:
    """A GGUF with other metadata."""
    reader = GGUFReader(source)
    fields: Fields = {
        key: (
            field.types[0],
            field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None,
            field.contents(),
        )
        for key, field in reader.fields.items()
        if not key.startswith("GGUF.")
    }
    change(fields)
    writer = GGUFWriter(out, "llama")
    writer.kv_data[0].clear()
    for key, (kind, of, value) in fields.items():
        writer.add_key_value(key, value, kind, of)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, np.array(tensor.data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


@pytest.fixture
def aborting(
    tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A file that gets past our check, as one will of which we do not know."""
    monkeypatch.setattr(gguf, "check_runnable", lambda path: None)

    def repeat(fields: Fields) -> None:
        kind, of, tokens = fields["tokenizer.ggml.tokens"]
        assert isinstance(tokens, list)
        fields["tokenizer.ggml.tokens"] = (kind, of, [*tokens[:-1], tokens[0]])

    return changed(gguf_of(tiny_llama, "f32"), tmp_path / "repeated.gguf", repeat)


def test_an_abort_while_the_file_loads_is_said_with_its_reason(aborting: Path) -> None:
    parameters = ServerParameters(aborting, 64)
    with pytest.raises(RuntimeError, match=r"^llama-vocab.cpp:\d+: GGML_ASSERT.* failed$"):
        LlamaServer(parameters)
    with pytest.raises(WorkError, match=r"does not load the file.*GGML_ASSERT"):
        LlamaPredictor(aborting)


@pytest.mark.parametrize("command", ["ask", "verify", "compare", "serve"])
def test_an_abort_is_an_error_of_the_command(
    command: str, aborting: Path, tiny_llama: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {
        "ask": ["ask", str(aborting), "How old?", "--table", "t: a, b"],
        "verify": ["verify", str(tiny_llama), str(aborting)],
        "compare": ["compare", str(aborting), "--limit", "1"],
        "serve": ["serve", str(aborting), "--port", "0"],
    }
    assert run(arguments[command]) in (1, 2)
    assert "unexpected" not in capsys.readouterr().err


def test_changed_metadata_is_answered_or_refused(
    tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path: Path
) -> None:
    source = gguf_of(tiny_llama, "f32")
    random_numbers = random.Random(23)

    def change(fields: Fields) -> None:
        keys = [key for key, field in fields.items() if field[0] in _VALUES]
        key = random_numbers.choice(keys)
        kind = fields[key][0]
        fields[key] = (kind, None, random_numbers.choice(_VALUES[kind]))

    for index in range(_FUZZED):
        file = changed(source, tmp_path / f"{index}.gguf", change)
        try:
            backend = open_backend(file, "llama", BackendOptions(context=64, threads=1))
        except T2sqlError:
            continue
        try:
            backend.answer(Request("SELECT a", max_tokens=2))
        except T2sqlError:
            pass
        finally:
            backend.close()
