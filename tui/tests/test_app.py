"""What imports what, and how the app is found."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import t2sql
import t2sql_tui

APP = Path(t2sql_tui.__file__).parent
CORE = Path(t2sql.__file__).parent


def test_the_core_never_imports_the_app() -> None:
    pattern = re.compile(r"^\s*(import|from)\s+(t2sql_tui|textual)\b", re.MULTILINE)
    assert [path for path in CORE.rglob("*.py") if pattern.search(path.read_text())] == []


def test_the_first_screen_needs_neither_numpy_nor_mlx() -> None:
    heavy = ("numpy", "mlx", "textual_plot", "pydantic", "t2sql_tui.screens.run")
    code = f"import sys, t2sql_tui.app; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_entry_point_is_the_apps_main() -> None:
    points = [point for point in entry_points(group="t2sql.tui") if point.name == "app"]
    if not points:
        pytest.skip("t2sql-tui is not installed: pip install -e ./tui")
    from t2sql_tui.app import main

    assert points[0].load() is main


def test_without_a_terminal_main_says_so(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from t2sql_tui.app import main; main(Path({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 1
    assert "needs a terminal" in done.stderr
