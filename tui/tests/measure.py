"""Measures the app: first paint in a terminal, a frame of a chart, a busy run, keys while a model answers.

    python tui/tests/measure.py [--tail SECONDS] [--model demo.f32.gguf --db shop.db]

Not a test: speeds are of the machine it runs on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pty
import select
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from app_support.made_runs import make_many

from t2sql import runs
from t2sql.runs import records
from t2sql_tui.app import T2sqlApp
from t2sql_tui.runs.series import Series
from t2sql_tui.screens.run import RunScreen
from t2sql_tui.widgets.chart import Chart, Line

_START = "import sys; from pathlib import Path; from t2sql_tui.app import main; main(Path(sys.argv[1]))"


class Terminal:
    """The app on a pseudo-terminal of 120 x 40, and what it has written there."""

    def __init__(self, root: Path, **environment: str) -> None:
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40", **environment)
            os.execv(sys.executable, [sys.executable, "-c", _START, str(root)])
        self.seen = b""

    def until(self, text: bytes, seconds: float = 20.0) -> float:
        """Seconds since the start at which this text was there."""
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                raise SystemExit(f"{text!r} did not appear: {self.seen[-500:]!r}")
            self.drain(0.05)
        return time.perf_counter() - self.began

    def drain(self, seconds: float) -> None:
        """Read what comes within so long, at least once."""
        if select.select([self.terminal], [], [], seconds)[0]:
            self.seen += os.read(self.terminal, 65536)

    def settle(self, seconds: float) -> None:
        """Read all that comes for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.drain(left)

    def press(self, keys: bytes) -> None:
        self.seen = b""
        os.write(self.terminal, keys)

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def close(self) -> None:
        os.write(self.terminal, b"\x11")
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def first_paint(root: Path) -> tuple[float, float]:
    """Seconds from starting Python to the first line on the terminal, and to the first run of the table."""
    terminal = Terminal(root)
    painted, listed = terminal.until(b"Runs in"), terminal.until(b"run-")
    terminal.close()
    return painted, listed


def tailing(seconds: float, rate: int = 200) -> tuple[float, float, float]:
    """Watch a run that writes many events.

    Args:
        seconds: How long.
        rate: Events a second.

    Returns:
        The fraction of a core that the app takes, its resident memory in MiB, and its growth in MiB an hour.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = runs.create_run(root / "busy", {"model": "demo", "iters": int(seconds * rate)})
        with run.lock(), run.stage("train", {}):
            terminal = Terminal(root)
            terminal.until(b"busy")
            terminal.press(b"\r")
            terminal.until(b"Stages")
            began = time.perf_counter()
            step, marks, used = 0, [], terminal.cpu()
            while (now := time.perf_counter() - began) < seconds:
                while step < now * rate:
                    step += 1
                    event = records.TrainEvent(step=step, loss=2 / step**0.3, tokens_per_second=1400.0)
                    run.emit("train", event)
                terminal.drain(0.005)
                terminal.seen = b""
                if now > len(marks):
                    marks.append(terminal.memory())
            load = (terminal.cpu() - used) / seconds
            terminal.close()
    settled = np.array(marks[len(marks) // 4 :])
    slope = float(np.polyfit(np.arange(len(settled)), settled, 1)[0]) * 3600
    return load, marks[-1], slope


def keys(model: Path, database: Path, rounds: int = 20) -> tuple[list[float], list[float]]:
    """Seconds from a key to its letter on the screen: while the model is loaded from the disk for the first
    question, and while it answers others."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir()
        (state / "tui.json").write_text(json.dumps({"model": str(model), "source": str(database)}))
        (Path(folder) / "runs").mkdir()
        terminal = Terminal(Path(folder) / "runs", T2SQL_STATE=str(state))
        terminal.until(b"No runs")
        terminal.press(b"a")
        terminal.until(b"question")
        terminal.settle(1.5)
        _forget(model)
        terminal.press(b"Which names are there?\r")
        terminal.until(b"asking")
        loading, answered = [], False
        while not answered:
            loading.append(_letter(terminal))
            answered = b"tok/s" in terminal.seen
            terminal.press(b"\x7f")
            terminal.settle(0.1)
            answered = answered or b"tok/s" in terminal.seen
        answering = []
        for _ in range(rounds):
            terminal.press(b"\r")
            terminal.until(b"asking")
            answering.append(_letter(terminal))
            terminal.until(b"tok/s", 60)
            terminal.press(b"\x7f")
            terminal.settle(0.3)
        terminal.close()
    return loading, answering


def _letter(terminal: Terminal) -> float:
    terminal.press("\u00df".encode())
    began = time.perf_counter()
    terminal.until("\u00df".encode())
    return time.perf_counter() - began


def _forget(path: Path) -> None:
    """Have the system read this file from the disk again."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def chart_frame(points: int, size: tuple[int, int]) -> float:
    """Seconds to thin and draw that many points of noise, the slowest kind of line."""
    series = Series()
    series._data = np.empty((3, points))
    series._data[0] = series._data[1] = np.arange(points)
    series._data[2] = np.random.default_rng(0).exponential(size=points)
    series._n = points
    with tempfile.TemporaryDirectory() as root:
        app = T2sqlApp(Path(root))
        async with app.run_test(size=size) as pilot:
            await app.push_screen(RunScreen(Path(root)))
            app.screen.remove_class("-unread", "-problem")
            await pilot.pause(0.5)
            app.screen.remove_class("-unread", "-problem")
            await pilot.pause(0.2)
            chart = app.screen.query_one(Chart)
            times = []
            for _ in range(5):
                began = time.perf_counter()
                chart.show([Line("train", series, "series-1")])
                chart.plot.render()
                times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tail", type=float, default=20.0, help="seconds to watch a busy run; 0 is not at all"
    )
    parser.add_argument("--model", type=Path, help="a GGUF file to ask while keys are pressed")
    parser.add_argument("--db", type=Path, help="an SQLite file to ask it about")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_many(root, 200)
        times = [first_paint(root) for _ in range(5)]
    painted, listed = min(t[0] for t in times), min(t[1] for t in times)
    print(
        f"200 runs: first paint {1000 * painted:.0f} ms, first runs listed {1000 * listed:.0f} ms (best of 5)"
    )
    for size in ((80, 24), (120, 40), (200, 60)):
        seconds = asyncio.run(chart_frame(1_000_000, size))
        print(
            f"a chart of 1,000,000 points at {size[0]}x{size[1]}: {1000 * seconds:.1f} ms a frame (best of 5)"
        )
    if options.tail:
        load, memory, slope = tailing(options.tail)
        print(
            f"200 events a second for {options.tail:.0f} s: {load:.1%} of a core, {memory:.0f} MiB, "
            f"{slope:+.1f} MiB an hour after the first quarter"
        )
    if options.model and options.db:
        delays = keys(options.model.resolve(), options.db.resolve())
        for what, taken in zip(("is loaded from the disk", "answers"), map(sorted, delays), strict=True):
            print(
                f"a key while {options.model.name} {what}: median {1000 * taken[len(taken) // 2]:.0f} ms, "
                f"longest of {len(taken)} {1000 * taken[-1]:.0f} ms"
            )


if __name__ == "__main__":
    main()
