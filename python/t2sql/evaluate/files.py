"""Answers that are in a file already: a model's predictions, or anyone's SQL, a line for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql.data import Dataset, Example
from t2sql.errors import InputError
from t2sql.evaluate.judging import score
from t2sql.evaluate.pairs import Answers
from t2sql.evaluate.scores import Scored, Summary, summarize
from t2sql.progress import Progress
from t2sql.runs import records


@dataclass(frozen=True)
class ScoredFile:
    """A file of answers with their scores.

    Attributes:
        path: The file.
        examples: The questions that it answers, in its order.
        scored: The answers with their scores, in the same order.
    """

    path: Path
    examples: list[Example]
    scored: list[Scored]

    @property
    def summary(self) -> Summary:
        """The sums of the scores."""
        return summarize(self.scored)

    @property
    def answers(self) -> Answers:
        """Which questions are answered rightly, under the file's name."""
        return Answers(
            self.path.stem,
            "file",
            {answer.id: answer.correct for answer in self.scored},
            {example.id: example.question for example in self.examples},
        )


def score_file(
    path: Path, dataset: Dataset, split: str, *, timeout: float = 5.0, progress: Progress | None = None
) -> ScoredFile:
    """Score a file's answers to the questions of a split.

    Args:
        path: JSON lines with `sql`, and `id` where not every question is answered; or a statement a line.
        dataset: The questions and their databases.
        split: Which questions.
        timeout: Seconds after which a statement is stopped and counts as too slow.
        progress: Called after each answer.

    Raises:
        InputError: The file cannot be read, a line is not an answer or answers no question of the split, or
            there are more or fewer lines than questions; or as `score` does.
    """
    examples, statements = _matched(path, dataset.split(split))
    return ScoredFile(
        path, examples, score(dataset, examples, statements, timeout=timeout, progress=progress)
    )


def _matched(path: Path, examples: Sequence[Example]) -> tuple[list[Example], list[str]]:
    """The questions that the lines answer, by id where every line has one, otherwise in order."""
    answers = records.read_answers(path)
    statements = [answer.sql for answer in answers]
    ids = [answer.id for answer in answers if answer.id is not None]
    if not answers or len(ids) < len(answers):
        if len(answers) != len(examples):
            raise InputError(
                "answers and questions differ in number",
                where=path,
                expected=len(examples),
                found=len(answers),
            )
        return list(examples), statements
    by_id = {example.id: example for example in examples}
    seen: set[str] = set()
    for question in ids:
        if question not in by_id:
            hint = "Is it of another split (--split), or of another dataset?"
            raise InputError(
                "the answer is to no question of the split", where=path, found=question, hint=hint
            )
        if question in seen:
            raise InputError("two answers to one question", where=path, found=question)
        seen.add(question)
    return [by_id[question] for question in ids], statements
