"""Fixtures of the app's tests, and async tests without a plugin: each runs in an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest
from support.tiny import build_llama

from t2sql import gguf

MODEL_FIXTURES = {"tiny_model", "tiny_gguf"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that take a model; `make quick` leaves them out."""
    for item in items:
        if MODEL_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.model)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine to its end; other tests are pytest's own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty directory of runs."""
    path = tmp_path / "runs"
    path.mkdir()
    return path


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's state and the cached schemas go to the test's own folder, never to the user's."""
    monkeypatch.setenv("T2SQL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with tiny random weights: its text means nothing, the grammar makes it SQL."""
    return build_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model: Path) -> Path:
    """`tiny_model` as an f32 GGUF file."""
    out = tiny_model.with_name("tiny.f32.gguf")
    return gguf.convert(tiny_model, out, type="f32").path
