"""Runs started from the app: `t2sql run` in a process of its own, with its error if it ends at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql import pipeline, runs
from t2sql.errors import WorkError
from t2sql_tui import state

WAIT_SECONDS = 60.0
"""How long a run may take until it holds its directory."""
SETTLED_SECONDS = 4.0
"""A run that lives so long after it took its directory has accepted its settings and found its data."""
_LOG_BYTES = 8192


def presets() -> tuple[str, ...]:
    """The names of t2sql's presets; the default comes first."""
    return pipeline.PRESETS


def start(path: Path, options: Sequence[str], cancelled: Callable[[], bool]) -> None:
    """Start or resume a run, and wait until it is at work. It lives on when the app ends.

    Args:
        path: The run's directory.
        options: Further options of `t2sql run`.
        cancelled: Once it returns True, the wait ends; the run goes on.

    Raises:
        WorkError: The run ended with an error; the last line that it printed is in the message.
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
                raise WorkError("the run did not start", where=path, found=_last_line(log))
            return
        if began is None and runs.is_run(path) and runs.open_run(path).running:
            began = time.monotonic()
        if began is not None and time.monotonic() - began > SETTLED_SECONDS:
            return
        time.sleep(0.1)


def _last_line(log: Path) -> str:
    """The last line that begins with "error:", or else the last line."""
    text = log.read_bytes()[-_LOG_BYTES:].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines[::-1] if line.startswith("error:")), lines[-1] if lines else "nothing"
    )


@dataclass(frozen=True)
class Finding:
    """What `t2sql doctor` says of one part of the installation.

    Attributes:
        name: The part.
        state: "ok", "slow", "missing" or "optional".
        found: What is there.
        hint: The command that fixes it; nothing where there is nothing to fix.
    """

    name: str
    state: str
    found: str = ""
    hint: str = ""


class Doctor:
    """`t2sql doctor` in a process of its own."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "t2sql", "doctor", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def findings(self) -> list[Finding]:
        """Wait for the findings; that takes seconds, since the BLAS is measured. None after `stop`."""
        text, _ = self._process.communicate()
        try:
            return [
                Finding(
                    str(item["name"]), str(item["state"]), item.get("found") or "", item.get("mend") or ""
                )
                for item in json.loads(text)["findings"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    def stop(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.terminate()
