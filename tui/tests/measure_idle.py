"""Measures what the app does while nobody does anything: bytes and processor time on each screen.

    python tui/tests/measure_idle.py [--seconds 30] [--runs 200]

Not a test: `test_idle.py` is, for the bytes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app_support.answered import make_answered_run
from app_support.made_runs import make_many
from app_support.terminal import Terminal


def screens(root: Path) -> Iterator[tuple[str, Terminal]]:
    """Each screen of the app in turn, once it has come to rest.

    Args:
        root: A directory of runs, with the run of `make_answered_run` among them.

    Yields:
        What the screen is called, and the terminal that shows it.
    """
    terminal = Terminal(root, T2SQL_STATE=str(root.parent / "state"), T2SQL_CACHE=str(root.parent / "cache"))
    try:
        terminal.until(b"one", 60)
        yield _rested("runs", terminal)
        terminal.press(b"/one")
        yield _rested("runs, filter", terminal)
        terminal.press(b"\r")
        terminal.until(b"m")
        terminal.rest(0.3)
        for name, keys, text, back in (
            ("help", b"?", b"Escape closes", 1),
            ("palette", b"\x10", b"earch for", 1),
            ("start", b"n", b"memory", 1),
            ("compare", b"c", b"Checkpoints", 0),
            ("differing questions", b"f \x1b[B\x1b[B d", b"only a", 2),
            ("ask", b"a", b"question", 2),
        ):
            terminal.press(keys)
            terminal.until(text)
            yield _rested(name, terminal)
            for _ in range(back):
                # Right after Escape another key would be read as one with Alt.
                terminal.press(b"\x1b")
                terminal.until(b"m")
                terminal.rest(0.3)
        terminal.press(b"\r")
        terminal.until(b"Stages")
        yield _rested("run", terminal)
    finally:
        terminal.close()


def _rested(name: str, terminal: Terminal) -> tuple[str, Terminal]:
    terminal.rest(1.5)
    return name, terminal


def main() -> None:
    """Print a line for each screen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each screen is watched")
    parser.add_argument("--runs", type=int, default=200, help="runs in the directory besides one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        make_many(root, options.runs)
        make_answered_run(root)
        for name, terminal in screens(root):
            began = terminal.cpu()
            count = terminal.settle(options.seconds)
            load = (terminal.cpu() - began) / options.seconds
            print(f"{name:20} {count:7,} bytes in {options.seconds:.0f} s, {load:.2%} of a core", flush=True)


if __name__ == "__main__":
    main()
