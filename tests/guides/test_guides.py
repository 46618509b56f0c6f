"""Each worked guide's patch still applies to the project, and the tests that it names pass with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("python", "tui", "tests", "docs", "benches", "tools", "pyproject.toml", "conftest.py", "README.md")
# Guide -> the arguments of pytest that try what its patch adds.
GUIDES = {
    "family": ["tests/gguf/test_families.py", "-k", "seed_oss"],
    "source": ["tests/data/test_toml_questions.py"],
    "screen": ["tui/tests/screens/test_settings.py"],
    "stage": ["tests/pipeline/test_card.py", "tests/runs/test_records_document.py"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDES)
def test_the_patch_of_a_guide_applies_and_what_it_adds_works(name: str, tmp_path: Path) -> None:
    for part in COPIED:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, tmp_path / part, ignore=ignored, symlinks=True)
        else:
            shutil.copy2(source, tmp_path / part)
    patch = ROOT / "docs" / "guides" / f"{name}.patch"
    # Inside a repository git would take the paths from that repository's root.
    apart = os.environ | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    subprocess.run(["git", "apply", patch], cwd=tmp_path, env=apart, check=True)
    path = os.pathsep.join(str(tmp_path / part) for part in ("python", "tui"))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *GUIDES[name]],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_guide_has_its_page_its_patch_and_a_link() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in GUIDES:
        folder = ROOT / "docs" / "guides"
        assert (folder / f"{name}.md").is_file() and (folder / f"{name}.patch").is_file()
        assert f"docs/guides/{name}.md" in contributing
