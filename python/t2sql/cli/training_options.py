"""The training options of `train` and `run`; the names are mlx-lm's where the meaning is the same."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from t2sql.cli.options import Group


def _int(flag: str, help: str) -> Any:
    return Annotated[int | None, typer.Option(flag, help=help, show_default=False)]


def _float(flag: str, help: str) -> Any:
    return Annotated[float | None, typer.Option(flag, help=help, show_default=False)]


def _text(flag: str, help: str) -> Any:
    return Annotated[str | None, typer.Option(flag, help=help, show_default=False)]


TRAINING = Group(
    "training",
    {
        "preset": _text("--preset", "Settings to start from: demo (the default), tutorial or quick."),
        "iters": _int("--iters", "Optimizer steps."),
        "batch_size": _int("--batch-size", "Examples in a step."),
        "num_layers": _int("--num-layers", "Layers to train, counted from the last; -1 is all of them."),
        "rank": _int("--rank", "Rank of the adapter."),
        "scale": _float("--scale", "What the adapter's product is multiplied by."),
        "dropout": _float("--dropout", "Dropout in the adapter."),
        "keys": _text("--keys", "Projections to adapt, by comma: q_proj,v_proj; by default all."),
        "learning_rate": _float("--learning-rate", "Learning rate at its highest."),
        "warmup": _int("--warmup", "Steps over which the learning rate rises."),
        "schedule": _text("--schedule", "Learning rate after that: cosine or constant."),
        "optimizer": _text("--optimizer", "adamw, adam or sgd."),
        "weight_decay": _float("--weight-decay", "Weight decay."),
        "max_grad_norm": _float("--max-grad-norm", "Gradients are clipped to this norm; 0 is never."),
        "steps_per_report": _int("--steps-per-report", "Steps between two reports of the training loss."),
        "steps_per_eval": _int("--steps-per-eval", "Steps between two measurements of the validation loss."),
        "save_every": _int("--save-every", "Steps between two checkpoints."),
        "max_seq_length": _int("--max-seq-length", "Longer examples are left out, with a warning."),
        "seed": _int("--seed", "Seed of order, first values and dropout."),
        "grad_checkpoint": Annotated[
            bool | None,
            typer.Option(
                "--grad-checkpoint/--no-grad-checkpoint",
                help="Compute activations again in the backward pass, for less memory.",
                show_default=False,
            ),
        ],
        "loss_on": _text("--loss-on", "Train on the completion or on all tokens."),
        "fine_tune_type": _text("--fine-tune-type", "lora, dora or full."),
        "base_bits": _int("--base-bits", "Quantize the base to 4 or 8 bits first (QLoRA)."),
        "cache_gb": _float("--cache-gb", "Memory for the frozen layers' output; 0 is no cache."),
    },
)
