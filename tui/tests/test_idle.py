"""An app that nobody touches writes nothing to its terminal."""

from __future__ import annotations

from pathlib import Path

from app_support.answered import make_answered_run
from measure_idle import screens


def test_no_screen_writes_without_a_key(root: Path) -> None:
    make_answered_run(root)
    written = {name: terminal.settle(2.5) for name, terminal in screens(root)}
    assert len(written) == 9
    assert written == dict.fromkeys(written, 0)
