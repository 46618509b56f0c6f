"""Optimizer steps a second: t2sql's loop beside mlx-lm's, with the same BLAS and as `pip install` leaves it.

    python benches/training.py --data DIR        # train.jsonl and valid.jsonl of {"text": …} lines
    python benches/training.py --data DIR --torch-python VENV/bin/python [--shape NAME]  # see torch_peft.py

The same model, data and adapter (rank 8, scale 20, all projections of the last 8 layers, batch 4), each in a
process of its own, in turn: mlx-lm, t2sql, mlx-lm again. t2sql's first epoch counts from its start, computing
the frozen layers' output included; what follows is an epoch's steady state.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch_peft
from random_models import SHAPES

from t2sql import models

BATCH, LAYERS, RANK = 4, 8, 8
PROJECTIONS = [f"self_attn.{x}_proj" for x in "qkvo"] + [f"mlp.{x}_proj" for x in ("gate", "up", "down")]
# mlx-lm's command as it is; what it reports is printed as figures too.
MLX_LM = """
from mlx_lm import lora
from mlx_lm.tuner.callbacks import TrainingCallback

class Reporter(TrainingCallback):
    def on_train_loss_report(self, info):
        print("RATE", info["iterations_per_second"], flush=True)

lora.get_reporting_callbacks = lambda *_, **__: Reporter()
lora.main()
"""
WITH_BLAS = "import t2sql.runtimes.mlx\n" + MLX_LM
AS_IT_COMES = MLX_LM


def mlx_lm(program: str, model: Path, data: Path, steps: int) -> list[float]:
    """Steps a second of each report but the first, which holds the start."""
    every = max(1, steps // 5)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "lora.yaml"
        parameters = {"rank": RANK, "scale": 20.0, "dropout": 0.0, "keys": PROJECTIONS}
        config.write_text(json.dumps({"lora_parameters": parameters}))  # JSON is YAML
        flags = {
            "--config": config,
            "--model": model,
            "--data": data,
            "--iters": steps,
            "--batch-size": BATCH,
            "--num-layers": LAYERS,
            "--steps-per-report": every,
            "--val-batches": 1,
            "--steps-per-eval": 10**6,
            "--save-every": 10**6,
            "--adapter-path": folder,
        }
        command = [sys.executable, "-c", program, "--train"]
        command += [str(part) for pair in flags.items() for part in pair]
        done = subprocess.run(command, capture_output=True, text=True)
    rates = [float(rate) for rate in re.findall(r"^RATE ([\d.]+)", done.stdout, re.MULTILINE)]
    if len(rates) < 2:
        raise RuntimeError(done.stdout + done.stderr)
    return rates[1:]


def t2sql(model: Path, data: Path, examples: int, after: int) -> dict[str, float]:
    """Steps a second in the first epoch, from the start, and after it."""
    epoch = examples // BATCH
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        flags = {
            "--model": model,
            "--data": data,
            "--out": run,
            "--iters": epoch + after,
            "--batch-size": BATCH,
            "--num-layers": LAYERS,
            "--rank": RANK,
            "--scale": 20,
            "--steps-per-report": 10,
            "--steps-per-eval": 10**6,
            "--save-every": 10**6,
        }
        command = [sys.executable, "-m", "t2sql", "train"]
        command += [str(part) for pair in flags.items() for part in pair]
        subprocess.run(command, check=True, capture_output=True)
        lines = (run / "events.jsonl").read_text().splitlines()
    events = [event for event in map(json.loads, lines) if event["stage"] == "train"]
    began = next(event["time"] for event in events if event["kind"] == "start")
    reports = [event for event in events if event["kind"] == "train"]
    first = next(event for event in reports if event["step"] >= epoch)
    later = [event["steps_per_second"] for event in reports if event["step"] > first["step"]]
    base = next((e["seconds"] for e in events if e["kind"] == "valid" and e["step"] == 0), 0.0)
    return {
        "first_epoch": first["step"] / (first["time"] - began - base),
        "after": statistics.median(later),
        "validation_before_seconds": base,
    }


def main() -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--steps", type=int, default=25, help="of mlx-lm with the BLAS, in each turn")
    parser.add_argument("--after", type=int, default=60, help="of t2sql, after the first epoch")
    parser.add_argument("--bare-steps", type=int, default=5, help="of mlx-lm as it comes; 0 is none")
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    parser.add_argument(
        "--torch-python", help="compare with PyTorch and PEFT of this Python instead of mlx-lm"
    )
    parser.add_argument("--torch-steps", type=int, default=20, help="steps of each side of that comparison")
    parser.add_argument("--shape", choices=list(SHAPES), help="random weights of this shape in it")
    parser.add_argument("--compute", help="t2sql's --compute in it")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds of each process in it")
    args = parser.parse_args()
    if args.torch_python:
        peers = torch_peft.measure(
            args.data,
            args.model,
            args.torch_python,
            args.torch_steps,
            shape=args.shape,
            compute=args.compute,
            limit=args.limit,
        )
        text = json.dumps(peers, indent=1)
        print(text) if args.out is None else args.out.write_text(text + "\n")
        return 0
    model = models.directory(args.model)
    examples = sum(1 for line in (args.data / "train.jsonl").read_text().splitlines() if line.strip())
    peer = mlx_lm(WITH_BLAS, model, args.data, args.steps)
    mine = t2sql(model, args.data, examples, args.after)
    peer += mlx_lm(WITH_BLAS, model, args.data, args.steps)
    result: dict[str, Any] = {"t2sql": mine, "mlx_lm_same_blas": statistics.median(peer)}
    result["times_same_blas"] = mine["after"] / result["mlx_lm_same_blas"]
    result["times_same_blas_first_epoch"] = mine["first_epoch"] / result["mlx_lm_same_blas"]
    if args.bare_steps:
        result["mlx_lm_as_it_comes"] = statistics.median(
            mlx_lm(AS_IT_COMES, model, args.data, args.bare_steps)
        )
        result["times_as_it_comes"] = mine["after"] / result["mlx_lm_as_it_comes"]
    text = json.dumps(result, indent=1)
    print(text) if args.out is None else args.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
