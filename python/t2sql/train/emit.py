"""Where the events of a training go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from t2sql.runs.records import Event

Emit: TypeAlias = Callable[[Event], None]
"""Receives what happens; a caller may raise in it to end the training."""
