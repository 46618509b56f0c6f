"""The tuned model that a run goes on from, in place of an untrained base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t2sql import models, runs
from t2sql.errors import InputError
from t2sql.prompt import PromptFormat

EXPECTED = "a run, its directory fused/, or a GGUF file that t2sql made"


@dataclass(frozen=True)
class Start:
    """A tuned model to go on from.

    Attributes:
        path: Its directory or GGUF file, absolute. What was fused into it is recorded there.
        prompt_format: The format of the prompts that it was trained on.
    """

    path: Path
    prompt_format: PromptFormat


def find_start(start: str) -> Start:
    """Find a tuned model.

    Args:
        start: A run, which stands for the directory of its fused model, a model directory or a GGUF file.

    Raises:
        InputError: There is none, or it names a prompt format that this version does not know.
    """
    path = Path(start).expanduser()
    if runs.is_run(path):
        fused = runs.RunLayout(path).fused
        if not (fused / "config.json").is_file():
            raise InputError(
                "the run has no fused model to start from",
                where=path,
                expected=fused,
                hint=f"Finish it: t2sql run --out {path}, or t2sql fuse --adapter {path} --out DIR",
            )
        path = fused
    if not path.exists():
        raise InputError("no such model to start from", where=start, expected=EXPECTED)
    ref = models.resolve(path)
    gguf = ref.kind == "gguf"
    facts = models.gguf_facts(ref.path) if gguf else models.directory_facts(ref.path)
    if facts.prompt_format is None:
        raise InputError(
            "the model is not one that t2sql tuned",
            where=path,
            expected=EXPECTED,
            hint="Train on an untuned model with --model",
        )
    return Start(path.resolve(), PromptFormat.of(facts.prompt_format))
