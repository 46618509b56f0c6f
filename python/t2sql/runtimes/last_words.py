"""The process that llama.cpp runs in: its environment, and what it says on stderr before it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import IO

_SPIN_COUNT = "1000"
"""Rounds that a thread of llama.cpp spins at a barrier before it sleeps.

Threads meet there hundreds of times a token and spin for milliseconds by default: when another process has
the core of one of them, the others waste theirs and everything takes ten times as long. This short a spin
costs nothing on an idle machine.
"""
_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Environment variables by which a user sets it; then they decide."""
_LAST_LINES = 40
_REASONS = ("error loading model: ", "GGML_ASSERT", "GGML_ABORT", "what():", "error: ")


class LastWords:
    """What a process printed last on stderr, read as it comes so that the process never waits."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Read what a process prints from now on.

        Args:
            process: It; its stderr is a pipe.
        """
        self._process = process
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        stream = process.stderr
        assert stream is not None
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(4096):
                self._lines.append(line.decode(errors="replace").strip())

    def ending(self) -> str:
        """Why a process ended that has ended: the line of it that says so, otherwise its exit code."""
        code = self._process.returncode
        ending = f"exit code {code}"
        if code is not None and code < 0:
            ending = f"ended by {signal.Signals(-code).name}"
        return self.reason() or ending

    def reason(self) -> str | None:
        """The line that says why the process ended or did not load; None where there is none."""
        self._thread.join(timeout=5.0)
        lines = list(self._lines)
        for mark in _REASONS:
            for line in lines:
                if mark in line:
                    # An assertion names its source file with a path of the machine that built it.
                    return line.partition(mark)[2].strip() if mark.endswith(": ") else line.rpartition("/")[2]
        return None


def environment() -> dict[str, str]:
    """This process's environment, and what OpenMP and ggml read from it when they are loaded."""
    # A stack trace would be printed by a debugger, which takes seconds.
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    # What this process can import the other can as well.
    environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    if not any(name in environment for name in _SPIN_SETTINGS):
        environment["GOMP_SPINCOUNT"] = _SPIN_COUNT
    return environment
