"""Training killed at random moments and resumed: the last checkpoint is that of a run never stopped.

    python benches/kills.py --kills 10 --seed 0

A tiny random model; SIGKILL comes at a moment drawn from the time that a whole run takes, then `--resume`
goes on to the end. Prints a line for each kill, and fails if a file of the last checkpoint differs.
"""

from __future__ import annotations

import argparse
import hashlib
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
from support.training import small_dataset

FLAGS = "--iters 400 --batch-size 4 --num-layers -1 --rank 4 --steps-per-eval 100 --save-every 10"


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """`t2sql train` in a process of its own."""
    command = [sys.executable, "-m", "t2sql", "train", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hashes(run: Path) -> dict[str, str]:
    """SHA-256 of each file of the last checkpoint."""
    last = sorted((run / "checkpoints").glob("[0-9]*"))[-1]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(last.iterdir())}


def main() -> int:
    """Kill and resume; 1 when a last checkpoint differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = tiny.build_llama(folder / "model")
        data = small_dataset(folder / "data", train=24).path
        whole, run = folder / "whole", folder / "run"
        common = ["--model", str(model), "--data", str(data), *FLAGS.split()]
        began = time.perf_counter()
        if start([*common, "--out", str(whole)]).wait():
            sys.exit("error: the run that is not stopped fails")
        seconds = time.perf_counter() - began
        expected = hashes(whole)
        wrong = 0
        for number in range(1, args.kills + 1):
            shutil.rmtree(run, ignore_errors=True)
            moment = rng.uniform(0.1, 0.98) * seconds
            process = start([*common, "--out", str(run)])
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            checkpoints = sorted((run / "checkpoints").glob("[0-9]*"))
            step = int(checkpoints[-1].name) if checkpoints else 0
            again = ["--out", str(run), "--resume"] if (run / "config.toml").exists() else None
            code = start(again or [*common, "--out", str(run)]).wait()
            same = code == 0 and hashes(run) == expected
            wrong += not same
            outcome = "equal" if same else "DIFFERS"
            print(f"{number:3d}  killed at {moment:5.2f} s  step {step:3d} kept  {outcome}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
