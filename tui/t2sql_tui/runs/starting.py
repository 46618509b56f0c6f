"""Runs started from the app: `t2sql run` in a process of its own, and what it said if it ends at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from t2sql import runs
from t2sql.errors import WorkError
from t2sql_tui import state

WAIT_SECONDS = 60.0
SETTLED_SECONDS = 4.0
_LOG_BYTES = 8192


def presets() -> tuple[str, ...]:
    """The names of t2sql's presets; the one that suits most comes first."""
    from t2sql.pipeline import PRESETS

    return PRESETS


def start(path: Path, options: Sequence[str], cancelled: Callable[[], bool]) -> None:
    """Start or go on with a run, and wait until it has begun. It lives on when the app ends.

    WorkError with its last words when it ends with an error before it began.
    """
    folder = state.folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{path.name}.log"
    log.write_bytes(b"")
    process = runs.start(["--out", str(path), *options], log=log)
    deadline = time.monotonic() + WAIT_SECONDS
    began: float | None = None
    while not cancelled() and time.monotonic() < deadline:
        code = process.poll()
        if code is not None:
            if code != 0:
                raise WorkError("the run did not start", where=path, found=_last_words(log))
            return
        if began is None and runs.is_run(path) and runs.open_run(path).running:
            began = time.monotonic()
        # Data that are not there, or settings that do not fit, end it soon after it has taken its directory.
        if began is not None and time.monotonic() - began > SETTLED_SECONDS:
            return
        time.sleep(0.1)


def _last_words(log: Path) -> str:
    text = log.read_bytes()[-_LOG_BYTES:].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines[::-1] if line.startswith("error:")), lines[-1] if lines else "nothing"
    )


class Doctor:
    """`t2sql doctor` beside the app: its lines, and an end to it when nobody waits."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "t2sql", "doctor", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def findings(self) -> list[dict[str, str]]:
        """Blocks, some seconds: the BLAS is measured. Empty where it was ended."""
        text, _ = self._process.communicate()
        try:
            found = json.loads(text)["findings"]
        except (ValueError, KeyError, TypeError):
            return []
        return [{str(k): str(v) for k, v in one.items() if v is not None} for one in found]

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
