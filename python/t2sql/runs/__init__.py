"""The run directory: config, events, stages, artefacts. The only place that knows its files."""

from __future__ import annotations

from t2sql.runs.artefacts import fingerprint
from t2sql.runs.events import Tail
from t2sql.runs.lock import Owner
from t2sql.runs.process import start, stop
from t2sql.runs.run import Run, create, is_run, open, remove, replacing
from t2sql.runs.stages import STAGES, StageHandle, StageRecord
from t2sql.runs.summary import RunSummary, summarize
from t2sql.runs.summary import list_runs as list

__all__ = [
    "STAGES",
    "Owner",
    "Run",
    "RunSummary",
    "StageHandle",
    "StageRecord",
    "Tail",
    "create",
    "fingerprint",
    "is_run",
    "list",
    "open",
    "remove",
    "replacing",
    "start",
    "stop",
    "summarize",
]
