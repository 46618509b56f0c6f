"""A session in a real terminal, with real keys: a run watched, compared, asked, its rows exported."""

from __future__ import annotations

import csv
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_support.datasets import write_examples, write_shop

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: no session in a real terminal"
)


class Terminal:
    """A tmux server of its own, with one window of 120 x 40."""

    def __init__(self, folder: Path, command: str) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        self._call("new-session", "-d", "-x", "120", "-y", "40", command)

    def _call(self, *arguments: str) -> str:
        run = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, timeout=30, check=True
        )
        return run.stdout

    def shown(self) -> str:
        return self._call("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        for key in keys:
            self._call("send-keys", key)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        self._call("send-keys", "-l", text)

    def until(self, *texts: str, seconds: float = 30.0) -> str:
        deadline = time.monotonic() + seconds
        while not all(text in (screen := self.shown()) for text in texts):
            assert time.monotonic() < deadline, f"{texts} not seen in {seconds} s:\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=30)


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Path) -> Path:
    """A tiny model, data for it and a database."""
    (tmp_path / "model").symlink_to(tiny_model)
    write_examples(tmp_path / "data")
    write_shop(tmp_path / "shop.db")
    return tmp_path


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    # These would stand for the terminal's own size.
    program = shlex.join(
        ["env", "-u", "COLUMNS", "-u", "LINES", sys.executable, "-m", "t2sql", "tui", "runs"]
    )
    opened = Terminal(folder, f"cd {shlex.quote(str(folder))}; {program}; echo left with $?; sleep 60")
    yield opened
    opened.close()


def test_from_a_run_to_exported_rows(folder: Path, terminal: Terminal) -> None:
    terminal.until("No runs here yet", "Press n")
    command = [sys.executable, "-m", "t2sql", "run", "--model", "model", "--data", "data"]
    run = subprocess.Popen(
        [*command, "--out", "runs/mine", "--iters", "30", "--steps-per-report", "1"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        # Watch it from its first step to its last.
        terminal.until("mine", "running", seconds=60)
        terminal.press("Enter")
        terminal.until("Loss", "Stages", "━ train", seconds=90)
        terminal.until("30/30", "✓ report", seconds=120)
        assert run.wait(timeout=60) == 0
    finally:
        run.kill()
    terminal.press("Escape")
    terminal.until("Runs in runs", "✓ done")
    terminal.press("c")
    terminal.until("One run's files", "mine.q8_0", "mine.f32")
    terminal.press("Escape")
    terminal.until("Runs in runs")
    # The run's own file is asked over the database.
    terminal.press("a")
    terminal.until("mine.q8_0.gguf", "question")
    terminal.type("shop.db")
    terminal.press("Enter")
    terminal.until("goods", "price INTEGER")
    terminal.type("What costs 3?")
    terminal.press("Enter")
    terminal.until("tok/s", seconds=60)
    # What so small a model wrote may not run: edited by hand it does.
    terminal.press("Tab", "Tab", "F7")
    terminal.type("SELECT name FROM goods ORDER BY name")
    terminal.until("✓ valid", "ORDER BY")
    terminal.press("C-r")
    terminal.until("5 rows")
    terminal.press("C-s")
    terminal.until("to a file")
    terminal.press("C-u")
    terminal.type("out.csv")
    terminal.until("  out.csv")
    terminal.press("Enter")
    deadline = time.monotonic() + 20
    while not (folder / "out.csv").exists():
        assert time.monotonic() < deadline, terminal.shown()
        time.sleep(0.1)
    with open(folder / "out.csv", newline="") as file:
        header = next(csv.reader(file))
    assert header == ["name"]
    terminal.press("C-q")
    terminal.until("left with 0")


def test_pictures_need_a_run_that_is_done(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    command = [sys.executable, "-m", "t2sql_tui.screenshots", "runs", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no such run that is done" in done.stderr
