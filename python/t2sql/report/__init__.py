"""A run as Markdown, HTML and JSON, rebuilt at any time from what the run directory holds."""

from __future__ import annotations

from t2sql.report.collect import collect
from t2sql.report.render import write

__all__ = ["collect", "write"]
