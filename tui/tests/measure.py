"""Figures of the app, printed by `python tui/tests/measure.py`: first paint in a terminal, a chart's frame.

Not a test: speeds are of the machine it runs on.
"""

from __future__ import annotations

import asyncio
import os
import pty
import select
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

_START = "import sys; from pathlib import Path; from t2sql_tui.app import main; main(Path(sys.argv[1]))"


def first_paint(root: Path) -> tuple[float, float]:
    """Seconds from starting Python to the first line on the terminal, and to the first run of the table."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execv(sys.executable, [sys.executable, "-c", _START, str(root)])
    seen, painted, listed = b"", 0.0, 0.0
    while time.perf_counter() - began < 20 and not listed:
        if select.select([terminal], [], [], 0.5)[0]:
            seen += os.read(terminal, 65536)
            now = time.perf_counter() - began
            painted = painted or (now if b"Runs in" in seen else 0.0)
            listed = now if b"run-0" in seen or b"run-1" in seen else 0.0
    os.write(terminal, b"\x11")
    os.close(terminal)
    os.waitpid(pid, 0)
    return painted, listed


async def chart_frame(points: int, size: tuple[int, int]) -> float:
    """Seconds to thin and draw that many points of noise, the slowest kind of line."""
    import numpy as np

    from t2sql_tui.app import T2sqlApp
    from t2sql_tui.screens.run import RunScreen
    from t2sql_tui.series import Series
    from t2sql_tui.widgets.chart import Chart, Line

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
    from made_runs import make_many

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


if __name__ == "__main__":
    main()
