"""The demo dataset, made once for all tests of this folder."""

from __future__ import annotations

import pytest

from t2sql import data
from t2sql.data import Dataset


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return data.prepare("demo", tmp_path_factory.mktemp("data") / "demo")
