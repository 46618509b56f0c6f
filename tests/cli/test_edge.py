"""How commands end: exit codes, one line for people, one JSON document, no traceback unless asked for."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from t2sql import runs
from t2sql.cli import run
from t2sql.cli.edge import explain
from t2sql.errors import InputError, MissingPartError, WorkError


def t2sql(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "t2sql", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("bad", where="f", expected=1, found=2, hint="Do"), 2, "bad (f): expected 1, found 2. Do"),
        (WorkError("broke"), 1, "broke"),
        (MissingPartError("x is not installed", hint="pip install x"), 2, "pip install x"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/m"), 1, "the disk is full (/tmp/m)"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), 2, "permission denied (/root/x)"),
        (BrokenPipeError(), 1, "closed it"),
        (MemoryError(), 1, "out of memory"),
        (ModuleNotFoundError("No module named 'x_y'", name="x_y.z"), 2, "pip install x-y"),
        (ValueError("odd\nvalue"), 1, "unexpected ValueError: odd. Run it again with --debug"),
    ],
)  # fmt: skip
def test_every_end_has_a_code_and_a_line(error: BaseException, code: int, text: str) -> None:
    found, line = explain(error)
    assert found == code and text in line and "\n" not in line


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nonsense"], "no such command 'nonsense'"),
        (["comvert"], "did you mean 'convert'?"),
        (["convert", "a"], "missing argument"),
        (["convert", "a", "b", "--nope"], "no such option: --nope"),
        (["ask", "m", "q", "--temp", "hot"], "--temp"),
        (["runs"], "a command is missing"),
        (["runs", "show", "absent"], "not a run directory"),
        (["inspect", "absent.gguf"], "no such file (absent.gguf)"),
        (["ask", "absent.gguf", "q", "--table", "t: a"], "no such model"),
        (["ask", "absent.gguf", "q", "--table", "nonsense"], "the table cannot be read"),
        (["ask", "absent.gguf", "q", "--schema", "absent.sql"], "no such file (absent.sql)"),
        (["data", "absent", "--out", "x"], "no such data source"),
        (["fuse", "--adapter", "absent", "--out", "x"], "no adapter (absent)"),
        (["test", "--model", "demo"], "which data?"),
        (["report", "absent"], "not a run directory"),
        (["train", "--out", "absent", "--resume"], "nothing to resume"),
        (["run", "--types", "q9_9", "--out", "x"], "unknown type"),
        (["run", "--iters", "0", "--out", "x"], "a training setting is wrong (iters)"),
        (["run", "--preset", "magic", "--out", "x"], "no such preset"),
    ],
)
def test_wrong_arguments_exit_2_with_one_line(
    arguments: list[str],
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and text in captured.err and captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_json_gets_one_document_even_of_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "absent.gguf", "--json"]) == 2
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["exit_code"] == 2 and "absent.gguf" in document["error"]


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "absent.gguf", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_unexpected_exception_is_one_line_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "list_runs", lambda root: 1 / 0)
    assert run(["runs", "list"]) == 1
    assert capsys.readouterr().err.startswith(
        "error: unexpected ZeroDivisionError: division by zero. Run it again"
    )


def test_missing_app_names_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from t2sql.cli.commands import tui

    monkeypatch.setattr(tui, "entry_points", lambda group: [])
    assert run(["tui"]) == 2
    assert "pip install t2sql-tui" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_with_130(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import sys, time, t2sql.runs as r\n"
        "def slow(root):\n    print('here', file=sys.stderr, flush=True); time.sleep(60)\n"
        "r.list_runs = slow\n"
        "from t2sql.cli import main\nmain(['runs', 'list', '--json'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "here\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == "interrupted\n"
    assert json.loads(out)["exit_code"] == 130


def test_an_interrupted_command_ends_whatever_its_threads_do() -> None:
    code = (
        "import atexit, os, signal, threading, time, t2sql.runs as r\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "atexit.register(print, 'tidied')\n"
        "def interrupted(root):\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(30)\n"
        "r.list_runs = interrupted\n"
        "from t2sql.cli import main\nmain(['runs', 'list'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "tidied\n", "interrupted\n")


def test_ignored_sigint_of_a_background_job_still_interrupts() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import os, time, t2sql.runs as r\n"
        "def slow(root):\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(30)\n"
        "r.list_runs = slow\n"
        "from t2sql.cli import main\nmain(['runs', 'list'])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode == 130


def test_an_interrupt_that_arrives_while_an_object_is_freed_is_not_lost() -> None:
    code = (
        "import os, signal, time, t2sql.runs as r\n"
        "class Freed:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGTERM); time.sleep(1)\n"
        "def slow(root):\n    Freed(); time.sleep(30)\n"
        "r.list_runs = slow\n"
        "from t2sql.cli import main\nmain(['runs', 'list'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_closed_pipe_is_not_a_traceback(tmp_path: Path) -> None:
    for i in range(40):
        runs.create_run(tmp_path / ("r" * 150 + str(i)), {})
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "t2sql", "runs", "list", str(tmp_path)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == "error: whoever read the output closed it\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="elsewhere: there is no /dev/full")
def test_full_disk_is_said(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "t2sql", "runs", "list", str(tmp_path)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("error: the disk is full")


def test_a_closed_output_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m t2sql runs list {tmp_path} >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_character_that_the_output_lacks_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "caf\u00e9 \U0001f600"
    folder.mkdir()
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = t2sql("runs", "list", folder, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "caf\\u00e9 \\ud83d\\ude00" in done.stdout
    failed = t2sql("inspect", folder / "a.gguf", "--json", env=environment)
    assert "caf\u00e9 \U0001f600" in json.loads(failed.stdout)["error"]


def test_ctrl_c_in_the_first_imports_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "lazy_loader.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = t2sql(
        "--version", env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_python_m_t2sql_is_the_same_command() -> None:
    done = t2sql("--version")
    assert done.returncode == 0 and done.stdout.startswith("t2sql ")
