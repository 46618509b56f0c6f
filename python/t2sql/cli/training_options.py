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


def _flag(flags: str, help: str) -> Any:
    return Annotated[bool | None, typer.Option(flags, help=help, show_default=False)]


def follows() -> bool:
    """In a process that mlx.launch started and that is not the first: take part in its training, true."""
    from t2sql.train import launched

    if not launched():
        return False
    from t2sql.train import Ranks

    if Ranks().first:
        return False
    from t2sql.train import follow

    follow()
    return True


TRAINING = Group(
    "training",
    {
        "preset": _text(
            "--preset", "Settings to start from: demo (the default), wikisql, tutorial, 7b-mac or quick."
        ),
        "iters": _int("--iters", "Optimizer steps."),
        "batch_size": _int("--batch-size", "Examples computed at once, on all hosts together."),
        "grad_accumulation_steps": _int(
            "--grad-accumulation-steps", "Batches whose gradients make one step."
        ),
        "num_layers": _int("--num-layers", "Layers to train, counted from the last; -1 is all of them."),
        "rank": _int("--rank", "Rank of the adapter."),
        "scale": _float("--scale", "What the adapter's product is multiplied by."),
        "dropout": _float("--dropout", "Dropout in the adapter."),
        "keys": _text("--keys", "Projections to adapt, by comma: q_proj,v_proj; by default all."),
        "learning_rate": _float("--learning-rate", "Learning rate at its highest."),
        "warmup": _int("--warmup", "Steps over which the learning rate rises."),
        "schedule": _text("--schedule", "Learning rate after that: cosine, linear, exponential or constant."),
        "optimizer": _text(
            "--optimizer", "adamw, adam, adamax, adagrad, adadelta, adafactor, rmsprop, lion, muon or sgd."
        ),
        "weight_decay": _float("--weight-decay", "Weight decay."),
        "bias_correction": _flag(
            "--bias-correction/--no-bias-correction", "Adam's and AdamW's; mlx-lm leaves it out."
        ),
        "max_grad_norm": _float("--max-grad-norm", "Gradients are clipped to this norm; 0 is never."),
        "steps_per_report": _int("--steps-per-report", "Steps between two reports of the training loss."),
        "steps_per_eval": _int("--steps-per-eval", "Steps between two measurements of the validation loss."),
        "save_every": _int("--save-every", "Steps between two checkpoints."),
        "patience": _int("--patience", "Stop after so many validations without a better one; 0 is never."),
        "max_seq_length": _int("--max-seq-length", "Longer examples are left out, with a warning."),
        "seed": _int("--seed", "Seed of order, first values and dropout."),
        "grad_checkpoint": _flag(
            "--grad-checkpoint/--no-grad-checkpoint",
            "Compute activations again in the backward pass, for less memory.",
        ),
        "loss_on": _text("--loss-on", "Train on the completion or on all tokens."),
        "fine_tune_type": _text("--fine-tune-type", "lora, dora or full."),
        "base_bits": _int("--base-bits", "Quantize the base to 4 or 8 bits first (QLoRA)."),
        "cache_gb": _float("--cache-gb", "Memory for the frozen layers' output; 0 is no cache."),
        "cache_disk_gb": _float("--cache-disk-gb", "Disk for what of it does not fit in memory."),
        "augment": _text("--augment", "Vary the training lines, by comma: columns, case, opening."),
        "variants": _int("--variants", "Forms of each line with --augment, its own included."),
    },
)
