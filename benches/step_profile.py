"""Where the time of a training step goes: samples of the processor (Linux perf) by part, and seconds.

    python benches/step_profile.py --data DIR               # the demo model, 8 examples a step
    python benches/step_profile.py --data DIR --steps 20 --out profile.json

The steps are those of `t2sql train` after its first three. Samples count both cores: what waits for another
thread without working is not in them, so `busy` says how many cores were at work on average.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from t2sql import data, models
from t2sql.train.config import TrainConfig
from t2sql.train.examples import encode_dataset
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.ranks import Ranks
from t2sql.train.session import Session
from t2sql.train.step import Stepper

WARM_UP = 3

PARTS = (
    ("products", r"gemm|matmul|microkernel|tdpbf16|openblas|sgemm|pack_"),
    ("softmax of the vocabulary", r"kernels::softmax"),
    ("attention's softmax", r"causal_softmax"),
    ("SwiGLU", r"swiglu"),
    ("norms", r"rms_norm"),
    ("rotary positions", r"rotate"),
    ("optimizer", r"[Aa]dam"),
    ("Python", r"_Py|Py[A-Z]|python|nanobind"),
    (
        "new memory",
        r"clear_page|page_fault|handle_mm|zap_|clear_huge|alloc_pages|lru_|memcg|folio|malloc|free",
    ),
    ("copies", r"mem(cpy|move|set)|_copy|copy_"),
    ("waiting for work", r"rayon|crossbeam|sched|futex|epoch"),
    ("MLX", r"mlx::|libmlx"),
)
"""Parts by a pattern in a symbol's or library's name; the first that fits counts."""


def work(args: argparse.Namespace) -> None:
    """Take steps, once the other process says so, and print their seconds and processor time."""
    config = TrainConfig.of(model=args.model, iters=10**6, batch_size=args.batch, num_layers=-1, cache_gb=0.0)
    ref = models.resolve(args.model)
    loaded = models.load(models.as_directory(ref))
    dataset = data.load(args.data)
    session = Session(config, loaded, encode_dataset(loaded.tokenizer, config, dataset, print), Ranks())
    with fast_exponentials(session.loaded.model):
        stepper = Stepper(session)
        for _ in range(WARM_UP):
            stepper.take()
        print("ready", flush=True)
        sys.stdin.readline()
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        taken = [stepper.take()[0] for _ in range(args.steps)]
        after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.perf_counter() - began
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {
        "step_seconds": seconds / args.steps,
        "processor_seconds_a_step": processor / args.steps,
        "busy": processor / seconds,
        "tokens_a_step": sum(step.tokens for step in taken) / args.steps,
        "rows_a_step": sum(step.rows for step in taken) / args.steps,
    }
    print(json.dumps(figures), flush=True)


def profile(args: argparse.Namespace) -> dict[str, Any]:
    """Run the steps under perf."""
    command = [sys.executable, __file__, "--work", *sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "perf.data"
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None and child.stdout is not None
            while child.stdout.readline().strip() not in ("ready", ""):
                pass
            record = ["perf", "record", "-q", "-F", "499", "-p", str(child.pid), "-o", str(samples)]
            with subprocess.Popen(record):
                time.sleep(1)
                child.stdin.write("\n")
                child.stdin.flush()
                figures: dict[str, Any] = json.loads(child.stdout.readline())
                child.wait()
        report = ["perf", "report", "-i", str(samples), "--stdio", "--no-children", "-F", "overhead,dso,sym"]
        text = subprocess.run([*report, "-t", "\t"], capture_output=True, text=True, check=True).stdout
    parts: dict[str, float] = {}
    largest = []
    for line in text.splitlines():
        found = re.match(r"\s*([\d.]+)%?\s*\t(.*)\t(.*)", line)
        if not found:
            continue
        share, name = float(found[1]), f"{found[2].strip()} {found[3].strip()}"
        part = next((part for part, pattern in PARTS if re.search(pattern, name)), "other")
        parts[part] = parts.get(part, 0.0) + share
        if part != "products" and len(largest) < args.symbols:
            largest.append(f"{share:.2f}% {name[:120]} ({part})")
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    return figures | {"percent": {part: round(share, 2) for part, share in ordered}, "largest": largest}


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a dataset, as `t2sql data` writes it")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--symbols", type=int, default=20, help="functions outside products to list")
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args)
        return 0
    text = json.dumps(profile(args), indent=1)
    print(text) if args.out is None else args.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
