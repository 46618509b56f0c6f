"""A whole run killed at random moments and started again: it ends as one that was never stopped.

    python benches/kills.py --kills 50 --seed 0

`t2sql run` of a tiny random model, through all stages. SIGKILL comes at a moment drawn from the time that a
whole run takes; a run may be killed several times (`--at-once`) before it may end. Then the artefacts have to
be those of the run that was not stopped, with nothing unfinished beside them, in the cache or in the folder
for temporary files, and no process left. Prints a line for each run, and fails if one differs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# The tests' tiny models are the tests' own.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import tiny
from support.run_process import artefacts
from support.training import write_data

FLAGS = (
    "--iters 30 --num-layers 1 --rank 4 --batch-size 2 --learning-rate 1e-3 --save-every 10 "
    "--steps-per-eval 10 --steps-per-report 5 --types q8_0 --compare-limit 2 --compare-limit-mlx 1 "
    "--max-tokens 4"
)


class Place:
    """A folder with a model, a dataset, a cache and a folder for temporary files of its own."""

    def __init__(self, folder: Path) -> None:
        """Make them in an empty folder."""
        self.folder = folder
        self.cache, self.temporary = folder / "cache", folder / "temporary"
        for path in (self.cache, self.temporary):
            path.mkdir()
        model, data = tiny.build_mistral(folder / "model"), write_data(folder / "source" / "people")
        self.flags = ["--model", str(model), "--data", str(data), *FLAGS.split()]

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        """`t2sql run` in a process of its own."""
        command = [sys.executable, "-m", "t2sql", "run", "--out", str(out), *self.flags]
        environment = os.environ | {"T2SQL_CACHE": str(self.cache), "TMPDIR": str(self.temporary)}
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def unfinished(self, out: Path) -> list[str]:
        """Hidden files and folders that a finished run leaves, and processes that still know this place."""
        hidden = [path for path in self.folder.rglob(".*") if path.name != ".t2sql-run"]
        hidden += list(self.temporary.iterdir())
        left = [str(path.relative_to(self.folder)) for path in hidden]
        if (out / "lock").exists():
            left.append("lock")
        mark = f"TMPDIR={self.temporary}".encode()
        for process in Path("/proc").glob("[0-9]*/environ"):
            try:
                if int(process.parent.name) != os.getpid() and mark in process.read_bytes():
                    left.append(f"process {process.parent.name}")
            except OSError:
                continue
        return left


def main() -> int:
    """Kill and start again; 1 when a run differs or leaves something."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="how many in all")
    parser.add_argument("--at-once", type=int, default=5, help="of the same run, before it may end")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name).resolve())
        whole, out = place.folder / "whole" / "r", place.folder / "killed" / "r"
        began = time.perf_counter()
        if place.start(whole).wait():
            sys.exit("error: the run that is not stopped fails")
        seconds = time.perf_counter() - began
        expected, ordinary = artefacts(whole), set(place.unfinished(whole))
        print(f"a whole run takes {seconds:.0f} s", flush=True)
        wrong = kills = runs = 0
        while kills < args.kills:
            shutil.rmtree(out.parent, ignore_errors=True)
            moments = []
            for _ in range(min(args.at_once, args.kills - kills)):
                process = place.start(out)
                moment = rng.uniform(0.02, 0.9) * seconds
                try:
                    process.wait(moment)
                    moments.append("ended")
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    moments.append(f"{moment:.1f}")
                kills += 1
            code = place.start(out).wait()
            time.sleep(0.5)
            runs += 1
            left = set(place.unfinished(out)) - ordinary
            whole_again = code == 0 and artefacts(out) == expected
            wrong += not whole_again or bool(left)
            outcome = "whole" if whole_again else f"DIFFERS (exit code {code})"
            outcome += f", LEFT: {', '.join(sorted(left))}" if left else ", nothing left"
            print(f"run {runs}, killed at {' '.join(moments)} s: {outcome}", flush=True)
        print(f"{kills} kills, {runs} runs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
