"""The memory estimate of a training beside what the process then takes; a model of 7 billion parameters.

    python benches/training_memory.py --models demo qwen2.5-0.5b --out memory.json   # estimate over used
    python benches/training_memory.py --large --out large.json      # Mistral-7B's shape, killed and resumed

Each training is a process of its own, `t2sql train` for some steps; what it took is the kernel's figure of
its largest resident set. Models named by a shape have random weights; the examples are those of `t2sql data
demo`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from random_models import SHAPES, write_model

from t2sql import data

BATCHES = (1, 4, 8, 16)
EXAMPLES = 64
FEW = {"train": 40, "valid": 2, "test": 2}
"""Lines of each split for the large model, which measures the validation split too."""
TUTORIAL = {"--num-layers": 16, "--rank": 8, "--scale": 20, "--keys": "q_proj,v_proj", "--batch-size": 4}
"""The settings of the tutorial that trains Mistral-7B."""


@dataclass(frozen=True)
class Training:
    """One training in a process of its own.

    Attributes:
        peak: The largest resident set, in bytes.
        estimate: What training expected to need, by part, in bytes.
        seconds: From the start of the process to its end.
        tokens_per_second: Tokens of the examples in a second, as the last report has it.
        processor_seconds: Processor time of the process.
    """

    peak: int
    estimate: dict[str, int]
    seconds: float
    tokens_per_second: float | None
    processor_seconds: float

    @property
    def ratio(self) -> float:
        """The estimate over what was used."""
        return self.estimate["total"] / self.peak


def train(
    model: str | Path, dataset: Path, run: Path, flags: dict[str, Any], *, kill_at: int | None = None
) -> Training:
    """Train, or with `--resume` among the flags go on.

    Args:
        model: The model argument.
        dataset: The examples.
        run: The run directory.
        flags: Options of `t2sql train`; True is a switch.
        kill_at: Kill the process once it has reported this step.
    """
    given = {"--out": run} if "--resume" in flags else {"--model": model, "--data": dataset, "--out": run}
    words = [str(word) for pair in (given | flags).items() for word in pair if word is not True]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "t2sql", "train", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if kill_at is not None:
        while process.poll() is None and not any(e.get("step", 0) >= kill_at for e in reports(run)):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if kill_at is None and status:
        raise RuntimeError(errors.decode())
    start = next(event for event in events(run) if "memory_estimate" in event)
    speeds = [event["tokens_per_second"] for event in reports(run)]
    return Training(
        peak=usage.ru_maxrss * 1024,
        estimate=start["memory_estimate"],
        seconds=time.perf_counter() - began,
        tokens_per_second=speeds[-1] if speeds else None,
        processor_seconds=usage.ru_utime + usage.ru_stime,
    )


def events(run: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a run's events."""
    file = run / "events.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        if line.endswith("}"):
            yield json.loads(line)


def reports(run: Path) -> list[dict[str, Any]]:
    """The reports of training steps."""
    return [event for event in events(run) if event["kind"] == "train"]


def adapter_hash(run: Path) -> str:
    """The SHA-256 of the last checkpoint's adapter."""
    last = max(run.glob("checkpoints/[0-9]*"))
    return hashlib.sha256((last / "adapters.safetensors").read_bytes()).hexdigest()


def table(model: str | Path, dataset: Path, work: Path, *, steps: int) -> list[dict[str, Any]]:
    """A row for each batch size, on a full base and on one of 4 bits, and one with checkpointed gradients."""
    rows = []
    plans: list[dict[str, Any]] = [
        {"--batch-size": batch} | bits for bits in ({}, {"--base-bits": 4}) for batch in BATCHES
    ]
    plans += [{"--batch-size": 8, "--grad-checkpoint": True}, {"--batch-size": 4, "--num-layers": 8}]
    for flags in plans:
        common = {"--iters": steps, "--num-layers": -1, "--rank": 16, "--save-every": steps}
        with tempfile.TemporaryDirectory(dir=work) as folder:
            done = train(model, dataset, Path(folder) / "run", common | flags)
        words = " ".join(f"{k} {v}".removesuffix(" True") for k, v in flags.items())
        print(f"{model} {words}: {done.estimate['total'] / 1e6:.0f} / {done.peak / 1e6:.0f} MB "
              f"= {done.ratio:.2f}", file=sys.stderr, flush=True)  # fmt: skip
        rows.append({"model": str(model), "flags": words, "ratio": done.ratio, **asdict(done)})
    return rows


def large(model: Path, dataset: Path, work: Path, *, steps: int) -> dict[str, Any]:
    """The tutorial's settings on a 4-bit base: memory and speed, then killed half way and resumed."""
    few = work / "few"
    if not few.exists():
        shutil.copytree(dataset, few)
        for file in few.glob("*.jsonl"):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            file.write_text("".join(lines[: FEW[file.stem]]), encoding="utf-8")
    flags = TUTORIAL | {
        "--iters": steps, "--save-every": 1, "--steps-per-eval": 1000, "--steps-per-report": 1,
        "--loss-on": "all",
    }  # fmt: skip
    runs = work / "whole", work / "killed"
    for run in runs:
        shutil.rmtree(run, ignore_errors=True)
    whole = train(model, few, runs[0], flags)
    killed = train(model, few, runs[1], flags, kill_at=max(1, steps // 2))
    resumed = train(model, few, runs[1], {"--resume": True})
    return {
        "steps": steps,
        "tokens_per_second": [event["tokens_per_second"] for event in reports(runs[0])],
        "same_weights": adapter_hash(runs[0]) == adapter_hash(runs[1]),
        "ratio": whole.ratio,
        **{name: asdict(part) for name, part in (("whole", whole), ("killed", killed), ("resumed", resumed))},
    }


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", default=["demo"], help="demo, a directory, or a known shape")
    parser.add_argument("--large", action="store_true", help="train the shape of Mistral-7B instead")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--work", type=Path, help="keep models and examples here for another time")
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = args.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        dataset = work / "data"
        if not dataset.exists():
            data.prepare("demo", dataset, limit=EXAMPLES)
        texts = [example.prompt + example.completion for example in data.load(dataset).train]

        def model(name: str, bits: int | None = None) -> str | Path:
            made = work / name
            if name in SHAPES and not (made / "model.safetensors.index.json").exists():
                shutil.rmtree(made, ignore_errors=True)
                write_model(made, name, texts, bits=bits)
            return made if name in SHAPES else name

        result: Any
        if args.large:
            result = large(Path(model("mistral-7b", 4)), dataset, work, steps=args.steps)
        else:
            result = [r for name in args.models for r in table(model(name), dataset, work, steps=args.steps)]
    text = json.dumps(result, indent=1)
    print(text) if args.out is None else args.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
