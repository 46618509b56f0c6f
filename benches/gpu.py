"""t2sql on a GPU beside mlx-lm on the same card: training, answering, memory, and whether losses are right.

    python benches/gpu.py --out gpu.json            # everything, in less than ten minutes
    python benches/gpu.py --tiny --minutes 5        # the same parts at toy sizes, on any machine

Needs MLX for the device (`t2sql[cuda12]`, `t2sql[cuda13]`, or a Mac) and no network: models have the shapes
of SmolLM2-135M and, where memory and disk allow, of Mistral-7B with a 4-bit base, and random weights; the
examples are those of `t2sql data demo`. The JSON is written anew after each part, so that one that fails or
takes too long costs only its own figures. The exit status is 1 if a part failed or a check did not hold.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import gpu_answering
import gpu_training
from random_models import write_model

from t2sql import data
from t2sql.runtimes import available_memory, device, mx

PART_SECONDS = 150
FEW = 96
"""Examples of the checks, and of a training whose later epochs are measured."""
LARGE_MEMORY, LARGE_DISK = 12e9, 6e9
"""What the shape of 7 billion parameters needs, in bytes."""


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        small: The shape that is trained and asked in 16 bits and in 4.
        large: The shape that is trained on a 4-bit base; None leaves it out.
        examples: Examples of each split.
        steps: Optimizer steps of a measurement.
        check_steps: Optimizer steps of a check.
        tokens: Tokens of an answer.
        source: Where the examples come from, as `t2sql data` takes it.
    """

    small: str
    large: str | None
    examples: int
    steps: int
    check_steps: int
    tokens: int
    source: str = "demo"


FULL = Size("smollm2-135m", "mistral-7b", examples=1600, steps=96, check_steps=20, tokens=128)
TINY = Size("tiny", None, examples=24, steps=4, check_steps=4, tokens=4)

Part = Callable[[Path, Size], dict[str, Any]]


def prepare(work: Path, size: Size) -> dict[str, Any]:
    """Examples and models."""
    dataset = data.prepare(size.source, work / "data", limit=size.examples)
    few = gpu_training.first_lines(dataset.path, work / "few", FEW)
    gpu_training.write_texts(dataset.path, work / "texts")
    texts = [example.prompt + example.completion for example in dataset.train]
    write_model(work / "tiny", "tiny", texts, dtype=mx.float32)
    write_model(work / "small", size.small, texts)
    write_model(work / "small-4bit", size.small, texts, bits=4)
    if size.large and (available_memory() or 0) > LARGE_MEMORY and shutil.disk_usage(work).free > LARGE_DISK:
        write_model(work / "large", size.large, texts, bits=4)
    return {"train": dataset.counts["train"], "few": few.counts["train"], "large": (work / "large").exists()}


def _train(model: str, settings: str, divisor: int = 1, **changes: Any) -> Part:
    def part(work: Path, size: Size) -> dict[str, Any]:
        steps = max(4, size.steps // divisor)
        dataset = work / ("few" if "cache_gb" not in changes and settings == "tutorial" else "data")
        return gpu_training.train_t2sql(
            work / model, dataset, settings, steps, max(1, steps // 16), **changes
        )

    return part


def _train_mlx_lm(model: str, settings: str, divisor: int = 1) -> Part:
    def part(work: Path, size: Size) -> dict[str, Any]:
        steps = max(4, size.steps // divisor)
        return gpu_training.train_mlx_lm(work / model, work / "texts", settings, steps, max(1, steps // 16))

    return part


# The parts that matter most come first: the last ones are those that there may be no time for.
PARTS: dict[str, Part] = {
    "device": lambda work, size: gpu_answering.device_facts(),
    "prepare": prepare,
    "agreement": lambda work, size: gpu_training.agreement(work / "tiny", work / "few", size.check_steps),
    "resuming": lambda work, size: gpu_training.resuming(work / "tiny", work / "few", size.check_steps),
    "chain": lambda work, size: gpu_answering.chain(work / "tiny", work / "few", size.check_steps),
    "train, mlx-lm": _train_mlx_lm("small", "demo"),
    "train, t2sql": _train("small", "demo", loss_on="all", cache_gb=0),
    "train large 4-bit, mlx-lm": _train_mlx_lm("large", "tutorial", 4),
    "train large 4-bit, t2sql": _train("large", "tutorial", 4, loss_on="all", cache_gb=0),
    "answer large 4-bit, t2sql": lambda work, size: gpu_answering.answer_t2sql(
        work / "large", work / "data", size.tokens
    ),
    "answer large 4-bit, mlx-lm": lambda work, size: gpu_answering.answer_mlx_lm(
        work / "large", work / "data", size.tokens
    ),
    "answer, t2sql": lambda work, size: gpu_answering.answer_t2sql(
        work / "small", work / "data", size.tokens
    ),
    "answer, mlx-lm": lambda work, size: gpu_answering.answer_mlx_lm(
        work / "small", work / "data", size.tokens
    ),
    "answer 4-bit, t2sql": lambda work, size: gpu_answering.answer_t2sql(
        work / "small-4bit", work / "data", size.tokens
    ),
    "answer 4-bit, mlx-lm": lambda work, size: gpu_answering.answer_mlx_lm(
        work / "small-4bit", work / "data", size.tokens
    ),
    "train, t2sql, loss on completions": _train("small", "demo", cache_gb=0),
    "train large 4-bit, t2sql, cached": _train("large", "tutorial", 2),
}


def machine() -> dict[str, Any]:
    """What the figures belong to."""
    packages = {name: metadata.version(name) for name in ("t2sql", "mlx", "mlx-lm")}
    return {
        **packages,
        "device": device(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.date.today().isoformat(),
    }


def run_part(name: str, work: Path, args: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """A part in a process of its own; its figures, or why there are none."""
    out = work / f"part-{os.getpid()}.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--part", name, "--work", str(work), "--out", str(out)]
    command += ["--data", args.data, *(["--tiny"] if args.tiny else [])]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {seconds:.0f} s"}
    if done.returncode or not out.exists():
        return {"error": (done.stderr or done.stdout).strip()[-2000:] or f"exit status {done.returncode}"}
    figures: dict[str, Any] = json.loads(out.read_text())
    return {**figures, "part_seconds": time.perf_counter() - began}


def run_parts(names: list[str], out: Path | None, args: argparse.Namespace) -> bool:
    """Run parts one after the other while there is time; whether all of them are right."""
    deadline = time.perf_counter() + 60 * args.minutes
    result: dict[str, Any] = {"machine": machine(), "parts": {}}
    if args.work is not None:
        args.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() if args.work is None else nullcontext(args.work) as folder:
        work = Path(folder)
        for name in names:
            left = deadline - time.perf_counter()
            if "large" in name and not (work / "large").exists():
                figures = {"skipped": "too little memory or disk for this shape"}
            elif left < 5:
                figures = {"skipped": f"{args.minutes:g} minutes are over"}
            else:
                figures = run_part(name, work, args, min(PART_SECONDS, left))
            result["parts"][name] = figures
            print(f"{name}: {summary(figures)}", file=sys.stderr, flush=True)
            text = json.dumps(result, indent=1) + "\n"
            if out is not None:
                out.write_text(text)
    if out is None:
        print(text, end="")
    return all(map(is_right, result["parts"].values()))


def is_right(figures: dict[str, Any]) -> bool:
    """Whether a part ran, and all that it checks holds."""
    checked = [figures, *(value for value in figures.values() if isinstance(value, dict))]
    return "error" not in figures and all(part.get("ok", True) for part in checked)


def summary(figures: dict[str, Any]) -> str:
    """The figures of a part that a person looks at first."""
    numbers = {key: value for key, value in figures.items() if isinstance(value, int | float | str)}
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in numbers.items()
    )


def main() -> int:
    """Measure; the figures as JSON, a line for each part on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    parser.add_argument("--minutes", type=float, default=9.0, help="begin no part after so long")
    parser.add_argument(
        "--only", choices=list(PARTS), action="append", help="these parts, and `prepare` before them"
    )
    parser.add_argument("--data", default="demo", help="a source of examples, as `t2sql data` takes it")
    parser.add_argument("--tiny", action="store_true", help="toy sizes: whether it works, not how fast")
    parser.add_argument("--work", type=Path, help="keep models and examples in this folder (about 6 GB)")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        size = replace(TINY if args.tiny else FULL, source=args.data)
        args.out.write_text(json.dumps(PARTS[args.part](args.work, size)))
        return 0
    if device() == "cpu" and not args.tiny:
        print("MLX computes on the processor here: --tiny tries all parts at toy sizes", file=sys.stderr)
        return 2
    prepared = args.work is not None and (args.work / "data").exists()
    wanted = {*args.only, *([] if prepared else ["prepare"])} if args.only else {*PARTS}
    names = [name for name in PARTS if name in wanted and not (name == "prepare" and prepared)]
    return 0 if run_parts(names, args.out, args) else 1


if __name__ == "__main__":
    sys.exit(main())
