"""The chain that `t2sql run` works through: stages over one run directory, each done once."""

from __future__ import annotations

from t2sql.pipeline.chain import execute, prepare_run
from t2sql.pipeline.settings import PRESETS, Settings, resolve_settings

__all__ = ["PRESETS", "Settings", "execute", "prepare_run", "resolve_settings"]
