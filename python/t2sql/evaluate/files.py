"""Answers that are in a file already: a model's predictions, or anyone's SQL, a line for each question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError
from t2sql.evaluate.judging import score
from t2sql.evaluate.pairs import Answers
from t2sql.evaluate.scores import Scored, Summary, summarize
from t2sql.progress import Progress

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example

LINES = 'JSON lines with "sql", and "id" where not every question is answered; or a statement a line'


@dataclass(frozen=True)
class ScoredFile:
    path: Path
    examples: list[Example]
    scored: list[Scored]

    @property
    def summary(self) -> Summary:
        return summarize(self.scored)

    @property
    def answers(self) -> Answers:
        return Answers(
            self.path.stem,
            "file",
            {answer.id: answer.correct for answer in self.scored},
            {example.id: example.question for example in self.examples},
        )


def score_file(
    path: Path, dataset: Dataset, split: str, *, timeout: float = 5.0, progress: Progress | None = None
) -> ScoredFile:
    """Score a file's answers to the questions of a split: by id, or line by line."""
    examples, answers = _matched(path, dataset.split(split))
    return ScoredFile(path, examples, score(dataset, examples, answers, timeout=timeout, progress=progress))


def _matched(path: Path, examples: Sequence[Example]) -> tuple[list[Example], list[str]]:
    records = read_records(path)
    texts = [record["sql"] for record in records]
    if not records or not all("id" in record for record in records):
        if len(records) != len(examples):
            raise InputError(
                "answers and questions differ in number",
                where=path,
                expected=len(examples),
                found=len(records),
            )
        return list(examples), texts
    known = {example.id: example for example in examples}
    seen: set[str] = set()
    for record in records:
        id = record["id"]
        if id not in known:
            raise InputError("the answer is to no question of the split", where=path, found=id)
        if id in seen:
            raise InputError("two answers to one question", where=path, found=id)
        seen.add(id)
    return [known[record["id"]] for record in records], texts


def read_records(path: Path) -> list[dict[str, Any]]:
    """The lines of a predictions file, each with its "sql"."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the predictions cannot be read", where=path, expected=LINES, found=error) from None
    while lines and not lines[-1].strip():
        lines.pop()
    if not any(line.lstrip().startswith("{") for line in lines):
        return [{"sql": line.strip()} for line in lines]
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise InputError("the line is not JSON", where=f"{path}:{number}", found=error) from None
        if not isinstance(record, dict) or not isinstance(record.get("sql"), str):
            raise InputError("the line has no answer", where=f"{path}:{number}", expected='a string "sql"')
        if not isinstance(record.get("id", ""), str):
            raise InputError("the line's id is no string", where=f"{path}:{number}", found=record["id"])
        records.append(record)
    return records
