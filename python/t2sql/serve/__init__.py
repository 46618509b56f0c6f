"""A model and a database over HTTP: questions, OpenAI-style completions, health and metrics."""

from __future__ import annotations

from t2sql.serve.app import create_app
from t2sql.serve.server import serve
from t2sql.serve.settings import Settings, read_token

__all__ = ["Settings", "create_app", "read_token", "serve"]
