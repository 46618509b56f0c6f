"""Hub models: the commit is resolved once, and what nothing here can run is not downloaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tiny
from support.hub import Hub, serve_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub() as served:
        yield served


def resolve(hub: Hub, cache: Path, model: str, revision: str | None = None, **variables: str) -> list[str]:
    """[path, revision] of a model in a process whose hub is the stand-in; else [the error]."""
    program = (
        "import sys\nfrom t2sql import errors, models\n"
        "try:\n ref = models.resolve(sys.argv[1], revision=sys.argv[2] or None)\n"
        "except errors.T2sqlError as error:\n print(error)\n"
        "else:\n print(ref.path); print(ref.revision)\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(cache), **variables}
    done = subprocess.run(
        [sys.executable, "-c", program, model, revision or ""],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_resolved_commit_gives_the_same_files_after_the_branch_moved(
    hub: Hub, tmp_path: Path, tiny_llama: Path
) -> None:
    first = hub.push("acme/tiny", tiny_llama)
    second = hub.push("acme/tiny", tiny.build_llama(tmp_path / "other", shards=2))
    cache = tmp_path / "cache"
    assert resolve(hub, cache, "acme/tiny")[1] == second
    path, revision = resolve(hub, cache, "acme/tiny", first)
    assert revision == first
    weights = (Path(path) / "model.safetensors").read_bytes()
    assert weights == (tiny_llama / "model.safetensors").read_bytes()


def test_without_a_network_the_cached_commit_is_taken(hub: Hub, tmp_path: Path, tiny_llama: Path) -> None:
    commit = hub.push("acme/tiny", tiny_llama)
    online = resolve(hub, tmp_path, "acme/tiny")
    assert resolve(hub, tmp_path, "acme/tiny", HF_HUB_OFFLINE="1") == online
    assert online[1] == commit


def test_the_weights_of_an_unknown_architecture_are_not_downloaded(
    hub: Hub, tmp_path: Path, tiny_llama: Path
) -> None:
    shutil.copytree(tiny_llama, tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    (tmp_path / "m/config.json").write_text(json.dumps({**config, "model_type": "abacus"}))
    hub.push("acme/abacus", tmp_path / "m")
    [error] = resolve(hub, tmp_path / "cache", "acme/abacus")
    assert "architecture not supported (acme/abacus: config.json)" in error
    assert hub.sent == ["config.json"]


def test_a_repository_that_is_not_there_is_named(hub: Hub, tmp_path: Path) -> None:
    [error] = resolve(hub, tmp_path, "acme/nothing")
    assert error.startswith("no such model (acme/nothing)")
