"""A short sample of `make fuzz-inputs`: no changed input ends in a traceback, a crash or a hang."""

from __future__ import annotations

from pathlib import Path

import pytest

from changed.inputs import Kind, kinds
from changed.sweep import Changed

pytestmark = pytest.mark.slow

_CHANGES = 12
"""Of each kind."""


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_a_changed_input_is_taken_or_refused(kind: Kind, tmp_path: Path) -> None:
    changed = Changed(kind, tmp_path)
    failures = [changed.failure(number) for number in range(_CHANGES)]
    assert [failure for failure in failures if failure] == []
