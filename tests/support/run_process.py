"""`t2sql run` as a process: started, waited for, and what it left."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from t2sql import runs


def start(path: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "t2sql", "run", "--out", str(path), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(path: Path, *more: str) -> tuple[str, str]:
    process = start(path, *more)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def wait_for(path: Path, stage: str, kind: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        events = runs.open_run(path).events() if runs.is_run(path) else []
        if any(event.stage == stage and event.kind == kind for event in events):
            return
        time.sleep(0.005)
    if process.poll() is None:
        process.kill()
    pytest.fail(f"no {kind} event of {stage}: {process.communicate()[1]}")


def artefacts(path: Path) -> dict[str, str]:
    files = [*path.glob("data/*.jsonl"), *path.glob("checkpoints/*/adapters.safetensors")]
    files += [*path.glob("fused/*"), *path.glob("gguf/*.gguf")]
    return {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
        if file.is_file()
    }


def starts(path: Path) -> list[str]:
    return [str(event.stage) for event in runs.open_run(path).events() if event.kind == "start"]
