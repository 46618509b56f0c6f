"""A server of a tiny model, for what does not depend on the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import serving


@pytest.fixture(scope="module")
def tiny_served(tiny_llama: Path, gguf_of: Callable[..., Path]) -> Iterator[serving.Served]:
    with serving.server(gguf_of(tiny_llama, "f32"), "--slots", 2, "--max-requests", 6) as server:
        yield server
