"""Texts that commands calibrate with: a file, or a dataset's or a run's questions and answers."""

from __future__ import annotations

from pathlib import Path

from t2sql import calibration, models, runs, text_files
from t2sql import data as datasets
from t2sql.checked_json import read_json

_MOST_CHARACTERS = 1 << 28


def read_sequences(model: Path, source: Path, *, context: int, most_tokens: int) -> calibration.Sequences:
    """Read texts as token ids.

    Args:
        model: The model's directory, for its tokenizer.
        source: A text file, a dataset's directory or a run.
        context: Tokens of a chunk of a file; longer questions are left out.
        most_tokens: Tokens to read at most.

    Raises:
        InputError: There is no such file or dataset, or it has too little text.
    """
    tokenizer = models.load_tokenizer(model, read_json(model / "config.json"))
    if not source.is_dir():
        text = text_files.read_text(source, most=_MOST_CHARACTERS)
        return calibration.text_sequences(
            tokenizer, text, source.name, context=context, most_tokens=most_tokens
        )
    dataset = datasets.load(runs.open_run(source).layout.data if runs.is_run(source) else source)
    return calibration.dataset_sequences(tokenizer, dataset, context=context, most_tokens=most_tokens)
