"""A file of answers under a benchmark's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from t2sql.data import BenchmarkQuestion
from t2sql.errors import InputError
from t2sql.evaluate.benchmarks.figures import Figure
from t2sql.plain import Json
from t2sql.runs import records

Benchmark: TypeAlias = Literal["spider", "bird"]


@dataclass(frozen=True)
class BenchmarkOptions:
    """How a benchmark's scores are computed.

    Attributes:
        benchmark: Whose scores.
        timeout: Seconds after which a statement is stopped; 30 as in BIRD's scripts unless said.
        plug_values: Spider: whether the gold statement's values are tried in the answers too.
        keep_distinct: Spider: whether DISTINCT counts when statements are run.
        ves_rounds: BIRD: how often right answers are timed for R-VES, 100 in its script; 0 for no R-VES.
    """

    benchmark: Benchmark
    timeout: float = 30.0
    plug_values: bool = False
    keep_distinct: bool = False
    ves_rounds: int = 0


@dataclass(frozen=True)
class BenchmarkAnswer:
    """An answer and its scores.

    Attributes:
        id: The question's id.
        sql: The answer.
        level: How hard the question is.
        scores: Each score by its name, 1 for right.
    """

    id: str
    sql: str
    level: str
    scores: dict[str, float]

    def to_json(self) -> dict[str, Json]:
        """The fields by their names, the scores among them."""
        return {"id": self.id, "level": self.level, **self.scores, "sql": self.sql}


@dataclass(frozen=True)
class ScoredBenchmark:
    """The scores of a file.

    Attributes:
        path: The file.
        questions: The questions that it answers.
        answers: Each answer with its scores, in the same order.
        figures: The means, by score and level.
        gold_failed: Ids of questions whose gold statement does not run: their answers count as wrong.
    """

    path: Path
    questions: tuple[BenchmarkQuestion, ...]
    answers: tuple[BenchmarkAnswer, ...]
    figures: tuple[Figure, ...]
    gold_failed: tuple[str, ...] = ()


def match_answers(path: Path, questions: Sequence[BenchmarkQuestion]) -> list[tuple[BenchmarkQuestion, str]]:
    """Find the question of each answer in a file, by id or by place.

    Args:
        path: The file; see `t2sql.runs.records.read_answers`. Ids are those of the dataset or of the
            published file; 0, 1, 2 … for all questions are places, as in BIRD's files.
        questions: The questions in the benchmark's order.

    Raises:
        InputError: The file cannot be read, an answer is to no question or to one that has an answer, or
            answers without ids are more or fewer than the questions.
    """
    answers = records.read_answers(path)
    ids = [answer.id for answer in answers if answer.id is not None]
    if len(ids) < len(answers) or not ids or ids == [str(place) for place in range(len(questions))]:
        if len(answers) != len(questions):
            raise InputError(
                "answers and questions differ in number",
                where=path,
                expected=len(questions),
                found=len(answers),
            )
        return [(question, answer.sql) for question, answer in zip(questions, answers, strict=True)]
    by_id = {question.number: question for question in questions if question.number is not None}
    by_id |= {question.id: question for question in questions}
    pairs: dict[str, tuple[BenchmarkQuestion, str]] = {}
    for name, answer in zip(ids, answers, strict=True):
        if name not in by_id:
            raise InputError("the answer is to no question of the split", where=path, found=name)
        question = by_id[name]
        if question.id in pairs:
            raise InputError("two answers to one question", where=path, found=name)
        pairs[question.id] = question, answer.sql
    return list(pairs.values())
