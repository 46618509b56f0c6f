"""Changes many inputs and counts what no input may cause: `python -m changed.sweep --count 50000`.

Every change is reproducible by its number: `--first N --count 1` repeats one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from changed.changes import change
from changed.inputs import Kind, kinds
from t2sql.cli import edge
from t2sql.errors import T2sqlError
from t2sql.runtimes import mlx_lm

HANG_SECONDS = 30
"""Of this process's own work: on a machine that does much else, the clock says nothing."""
_WAIT_SECONDS = 600
_HEAVY = 0.05


class Hang(BaseException):
    """An action took longer than `HANG_SECONDS`; no handler of ordinary errors catches it."""


class Changed:
    """A kind's files, built once, of which one is changed at a time.

    Attributes:
        kind: The kind.
        folder: Where its files lie.
    """

    def __init__(self, kind: Kind, root: Path) -> None:
        """Build the files in a folder of their own under `root`."""
        self.kind = kind
        self.folder = root / kind.name.replace(" ", "-")
        kind.build(self.folder)
        self._files = [sorted(self.folder.glob(pattern)) for pattern in kind.files]

    def failure(self, number: int) -> str | None:
        """Change a file, run all actions, put the file back; what failed, None when nothing did."""
        rng = random.Random(number)
        files = rng.choice([files for files in self._files if files])
        file = rng.choice(files)
        original = file.read_bytes()
        actions = list(self.kind.actions)
        if self.kind.heavy and rng.random() < _HEAVY:
            actions.append(rng.choice(self.kind.heavy))
        try:
            file.write_bytes(change(original, file.name, rng))
            for action in actions:
                try:
                    with _alarm():
                        action(self.folder, rng)
                except T2sqlError:
                    continue
                except BaseException as error:
                    reason = _reason(error)
                    if reason:
                        return f"{self.kind.name}: {file.name}: {reason}"
            return None
        finally:
            file.write_bytes(original)


def _reason(error: BaseException) -> str | None:
    """What is wrong with an error; None for one that the edge of the program explains."""
    if isinstance(error, OSError) and "unexpected" not in edge.explain(error)[1]:
        return None
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/t2sql/" in frame.filename]
    place = ours[-1] if ours else last
    text = (str(error).splitlines() or [""])[0][:160]
    return f"{type(error).__name__} {text} at {Path(place.filename).name}:{place.lineno}"


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"over {HANG_SECONDS} s of work, or {_WAIT_SECONDS} s in all")

    before = {number: signal.signal(number, ring) for number in (signal.SIGALRM, signal.SIGPROF)}
    signal.alarm(_WAIT_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def sweep(numbers: range, root: Path, chosen: str = "") -> Iterator[tuple[int, str | None]]:
    """Run the changes with these numbers in this process; yields each with what failed."""
    # Imported now, so that no action's time has the import in it.
    mlx_lm.knows_architecture("llama")
    changed = [Changed(kind, root) for kind in kinds() if chosen in kind.name]
    for number in numbers:
        yield number, changed[number % len(changed)].failure(number)


def _in_processes(first: int, count: int, jobs: int, chosen: str) -> Counter[str]:
    """Divide the numbers among processes; one that dies is a failure of its number, and goes on after it."""
    failures: Counter[str] = Counter()
    parts = [range(first + job, first + count, jobs) for job in range(jobs)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="t2sql-changed-") as name:
        while any(parts):
            running = {}
            for job, numbers in enumerate(parts):
                if numbers:
                    log = Path(name) / f"{job}.log"
                    log.write_text("")
                    running[_child(numbers, Path(name) / f"files-{job}", log, chosen)] = (job, log)
            for _ in range(len(running)):
                pid, status = os.wait()
                job, log = running[pid]
                lines = log.read_text().splitlines()
                for line in lines:
                    number, _, reason = line.partition("\t")
                    if reason:
                        print(f"{number}\t{reason}", flush=True)
                        failures[reason] += 1
                done = len(lines)
                if status and not lines:
                    raise SystemExit("the inputs could not be built")
                if status:
                    reason = f"crash with status {status}"
                    print(f"{parts[job][done]}\t{reason}", flush=True)
                    failures[reason] += 1
                    done += 1
                parts[job] = parts[job][done:]
    print(f"{count} changes in {time.monotonic() - began:.0f} s, {failures.total()} failures", flush=True)
    return failures


def _child(numbers: range, folder: Path, log: Path, chosen: str) -> int:
    """Start a process that writes a line for each number, and return its id."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        sys.setrecursionlimit(1000)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            for number, reason in sweep(numbers, folder, chosen):
                file.write(f"{number}\t{' '.join((reason or '').split())}\n")
                file.flush()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Parse the arguments, run, and exit with 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kind", default="", help="only kinds with this in their name")
    given = parser.parse_args()
    failures = _in_processes(given.first, given.count, given.jobs, given.kind)
    for reason, times in failures.most_common():
        print(f"{times:6} {reason}")
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
