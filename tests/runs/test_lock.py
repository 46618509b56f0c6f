"""The lock: one writer, a dead one taken over and said, another host respected."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from t2sql import runs
from t2sql.errors import InputError, WorkError
from t2sql.runs.records import WarningEvent

HOLDER = """
import sys, time
from pathlib import Path
from t2sql import runs
run = runs.open_run(Path(sys.argv[1]))
with run.lock(), run.stage("train", {}):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


@pytest.mark.slow
def test_second_writer_is_refused_naming_the_first(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    process = hold(run.path)
    try:
        assert run.running and runs.summarize(run.path).state == "running"
        with pytest.raises(WorkError, match=f"process {process.pid} on"), run.lock():
            pass
        with pytest.raises(WorkError, match="being written"):
            runs.remove_run(run.path)
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_dead_writer_is_taken_over_and_said(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    process = hold(run.path)
    process.kill()
    process.wait()
    assert runs.summarize(run.path).state == "stale"
    with run.lock() as before:
        assert before is not None and before.pid == process.pid
    warning = run.events()[-1]
    assert isinstance(warning, WarningEvent) and str(process.pid) in warning.message
    assert not (run.path / "lock").exists()


def test_stop_interrupts_the_writer(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    process = hold(run.path)
    assert runs.stop(run.path)
    process.wait(timeout=10)
    assert not runs.stop(run.path)
    assert runs.summarize(run.path).state == "interrupted"


def test_lock_of_another_host_is_not_taken(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    owner = {"pid": 1, "host": "elsewhere-" + socket.gethostname(), "started": time.time()}
    (run.path / "lock").write_text(json.dumps(owner))
    with pytest.raises(InputError, match="another host"), run.lock():
        pass
    assert (run.path / "lock").exists()


def test_reused_pid_does_not_make_a_dead_run_look_alive(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path / "a", {})
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": 1.0}
    (run.path / "lock").write_text(json.dumps(owner))
    assert not run.running
    with run.lock() as before:
        assert before is not None


@pytest.mark.slow
def test_start_runs_detached_and_logs(tmp_path: Path) -> None:
    process = runs.start(["--no-such-option"], log=tmp_path / "log")
    assert process.wait(timeout=60) == 2
    assert "no-such-option" in (tmp_path / "log").read_text()
