"""The app on a pseudo-terminal: what it writes there, and what it takes of the processor."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

_START = "import sys; from pathlib import Path; from t2sql_tui.app import main; main(Path(sys.argv[1]))"


class Terminal:
    """The app in a terminal of 120 x 40.

    Attributes:
        began: When it was started, on `time.perf_counter`.
        seen: What it has written since the last key.
    """

    def __init__(self, root: Path, **environment: str) -> None:
        """Start the app.

        Args:
            root: The directory of runs.
            environment: Variables of its environment.
        """
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40", **environment)
            os.execv(sys.executable, [sys.executable, "-c", _START, str(root)])
        self.seen = b""

    def until(self, text: bytes, seconds: float = 20.0) -> float:
        """Wait until a text was written.

        Returns:
            Seconds since the start.

        Raises:
            TimeoutError: It was not written within so many seconds.
        """
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} did not appear: {self.seen[-500:]!r}")
            self.drain(0.05)
        return time.perf_counter() - self.began

    def drain(self, seconds: float) -> int:
        """Read what comes within so long, at least once; how many bytes there were."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return 0
        data = os.read(self.terminal, 65536)
        self.seen += data
        return len(data)

    def settle(self, seconds: float) -> int:
        """Read all that comes for so long; how many bytes there were."""
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += self.drain(left)
        return count

    def rest(self, seconds: float, longest: float = 30.0) -> None:
        """Wait until it has written nothing for so long.

        Raises:
            TimeoutError: It did not stop within `longest` seconds.
        """
        end = time.perf_counter() + longest
        while self.settle(seconds):
            if time.perf_counter() > end:
                raise TimeoutError(f"it goes on writing: {self.seen[-500:]!r}")

    def press(self, keys: bytes) -> None:
        """Type, and forget what was seen."""
        self.seen = b""
        os.write(self.terminal, keys)

    def cpu(self) -> float:
        """Seconds of the processor that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def close(self) -> None:
        """Quit the app, and wait for its end."""
        os.write(self.terminal, b"\x11")
        os.close(self.terminal)
        os.waitpid(self.pid, 0)
