"""Servers of a tiny model, for what does not depend on the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import databases, serving


@pytest.fixture(scope="module")
def tiny_served(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Iterator[serving.Served]:
    with serving.server(gguf_of(tiny_llama, "f32"), "--slots", 2, "--max-requests", 6) as server:
        yield server


@pytest.fixture(scope="module")
def tiny_shop(
    tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[serving.Served]:
    """One with the database of `databases.shop`."""
    folder = tmp_path_factory.mktemp("shop")
    url = databases.url(databases.shop(folder / "shop.db"))
    with serving.server(
        gguf_of(tiny_llama, "f32"), "--db", url, T2SQL_CACHE=str(folder), T2SQL_REMEMBERED=str(folder)
    ) as server:
        yield server
