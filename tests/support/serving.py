"""`t2sql serve` as a process of its own, and what its clients need."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

# Numbers go on for as long as they may: an answer of several seconds.
LONG = {"prompt": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,", "max_tokens": 512}


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Served:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    def client(self, **options: Any) -> httpx2.Client:
        return httpx2.Client(base_url=self.address, timeout=120, **options)

    def metric(self, name: str) -> float:
        with self.client() as client:
            lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def children(self) -> list[int]:
        """The numbers of the processes that it has started (Linux)."""
        stats = (path.read_text() for path in Path("/proc").glob("[0-9]*/stat"))
        fields = [(int(stat.split()[0]), stat.rpartition(")")[2].split()) for stat in stats]
        return [number for number, rest in fields if int(rest[1]) == self.process.pid]

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and what it said on stderr."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=120)
        return self.process.returncode, err


@contextmanager
def server(
    model: object, *options: object, descriptors: int | None = None, **environment: str
) -> Iterator[Served]:
    """Start it; `descriptors` is the system's limit of open files for it."""

    def limit() -> None:
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    process = subprocess.Popen(
        [sys.executable, "-m", "t2sql", "serve", str(model), "--port", "0", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=limit,
    )
    try:
        assert process.stderr is not None
        said = ""
        while not said.startswith("listening on "):
            said = process.stderr.readline()
            assert said or process.poll() is None, "the server ended"
        yield Served(process, said.removeprefix("listening on ").strip())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
