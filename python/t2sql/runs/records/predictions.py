"""predictions/MODEL.BACKEND.SPLIT.jsonl: one model's answers to the questions of a split, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from t2sql.errors import InputError
from t2sql.files import write_text
from t2sql.plain import Json, parse_json
from t2sql.runs.records.codec import ABSENT, Record, RecordError
from t2sql.schema import Schema

Measure = Literal["execution", "suite", "logical"]
"""What makes an answer correct: its rows on the question's database, its rows on a suite of generated
databases where there is none, or its logical form where the gold statement cannot be run."""


@dataclass(frozen=True, kw_only=True)
class Prediction(Record):
    """One question with a model's answer and its score.

    Attributes:
        id: The question's id in its dataset.
        question: The question in words.
        schema: The tables that the question is about.
        gold: The statement that the dataset gives.
        sql: The model's answer, without white space around it.
        correct: Whether the answer is right, by `measure`.
        outcome: "correct", or what is wrong first, such as "syntax" or "wrong column".
        status: What `ask` would say: "uncertain" where `logprob` is below the model's threshold, the answer
            was cut off, or its database speaks against it (it does not run, returns no value, or looks for a
            text that is not there); "unrated" where the model has no threshold.
        logprob: Mean natural log-probability of the answer's tokens; null where the runtime gives none.
        exact: Whether the answer is the gold statement, letter by letter.
        logical: Whether columns, aggregate and conditions are the gold statement's.
        valid: Whether the statement can be run.
        measure: What `correct` was decided by.
        seconds: Time for the prompt and the answer, in seconds; questions that were answered together share
            it.
        tokens: Tokens of the answer.
        grammar: Whether the answer was restricted to statements over the question's tables, as `ask` does;
            absent in files of 0.1.0, which asked freely.
    """

    id: str
    question: str
    schema: Schema | None = None
    gold: str
    sql: str
    correct: bool
    outcome: str = field(default="other", metadata={"key": "class"})
    status: Literal["answered", "uncertain", "unrated"] = "answered"
    logprob: float | None = None
    exact: bool = False
    logical: bool = False
    valid: bool = False
    measure: Measure = "execution"
    seconds: float | None = None
    tokens: int | None = None
    grammar: bool | None = field(default=None, metadata=ABSENT)


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write a file of predictions; it is there only when it is whole.

    Raises:
        OSError: It could not be written.
    """
    lines = (json.dumps(prediction.to_json(), ensure_ascii=False) for prediction in predictions)
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_predictions(path: Path) -> list[Prediction]:
    """The predictions in a run's file. Lines that are none, such as damaged ones, are skipped.

    Raises:
        InputError: The file cannot be read.
    """
    predictions = []
    for _, line in _lines(path):
        try:
            predictions.append(Prediction.from_json(_parse(line)))
        except RecordError:
            continue
    return predictions


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) of each line."""
    try:
        # Only "\n" ends a line: statements may hold other characters that str.splitlines splits at.
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError("the predictions cannot be read", where=path, found=error) from None
    yield from enumerate(text.split("\n"), start=1)


def _parse(line: str) -> Json:
    try:
        document: Json = parse_json(line)
    except ValueError as error:
        raise RecordError(f"not JSON: {error}") from None
    return document
