"""Two files' answers to the same questions: where one is right and the other wrong, and what each returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from t2sql import data, evaluate, runs, sql
from t2sql.errors import InputError, T2sqlError
from t2sql.runs.records import Prediction, read_predictions

MAX_ROWS = 200
"""Rows of a statement that are read at most."""


@dataclass(frozen=True)
class Predictions:
    """The answers of one file on one backend.

    Attributes:
        run: The run directory that they belong to.
        label: The file and the backend, for people.
        path: The file with the answers.
    """

    run: Path
    label: str
    path: Path


@dataclass(frozen=True)
class Difference:
    """A question that only one of the two files answered rightly.

    Attributes:
        id: The question's id in the dataset.
        question: The question in words.
        gold: The dataset's statement.
        sql: Both answers.
        right: Which answer is right, 0 or 1.
        outcome: What is wrong with the other one.
    """

    id: str
    question: str
    gold: str
    sql: tuple[str, str]
    right: int
    outcome: str


@dataclass(frozen=True)
class Differing:
    """All such questions of two files.

    Attributes:
        common: How many questions both were asked.
        both: How many of them both answered rightly.
        differences: The questions that only one answered rightly.
    """

    common: int
    both: int
    differences: tuple[Difference, ...]

    def won(self, side: int) -> int:
        """How many questions only this side, 0 or 1, answered rightly."""
        return sum(one.right == side for one in self.differences)

    @property
    def p(self) -> float:
        """How often chance alone divides the differences at least so unevenly (McNemar's exact test)."""
        return evaluate.mcnemar(self.won(0), self.won(1))


def differing(first: Predictions, second: Predictions) -> Differing:
    """Compare two files' answers question by question.

    Raises:
        InputError: One has no answers any more, or they share no question.
    """
    a, b = _read(first), _read(second)
    shared = [key for key in a if key in b and a[key].gold == b[key].gold]
    if not shared:
        raise InputError("these two were asked no question in common", found=f"{first.label}, {second.label}")
    differences = [_difference(a[key], b[key]) for key in shared if a[key].correct != b[key].correct]
    both = sum(a[key].correct and b[key].correct for key in shared)
    return Differing(len(shared), both, tuple(differences))


def _difference(one: Prediction, two: Prediction) -> Difference:
    right, wrong = (0, two) if one.correct else (1, one)
    return Difference(one.id, one.question, one.gold, (one.sql, two.sql), right, wrong.outcome)


def _read(predictions: Predictions) -> dict[str, Prediction]:
    """The answers by the questions' ids."""
    if not predictions.path.is_file():
        raise InputError(
            "the run has not kept this file's answers",
            where=predictions.path,
            hint=f"Run the comparison again: t2sql run --out {predictions.run}",
        )
    return {answer.id: answer for answer in read_predictions(predictions.path)}


@dataclass(frozen=True)
class Rows:
    """What one statement returns.

    Attributes:
        columns: The columns' names.
        rows: The rows, at most `MAX_ROWS`.
        problem: Why there are none; empty where the statement could be run.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    problem: str = ""


def rows_of(run: Path, difference: Difference, cancelled: Callable[[], bool]) -> list[Rows]:
    """Run the gold statement and both answers on the question's database, which is only read.

    Args:
        run: The run directory, whose data has the question.
        difference: The question.
        cancelled: Once it returns True, the statement at work is stopped.

    Returns:
        The rows of the gold statement, of the first and of the second answer.

    Raises:
        InputError: The run's data does not have the question, or the question has no database.
    """
    dataset = data.load(runs.RunLayout(run).data)
    splits = (split for split in (dataset.test, dataset.valid) if split)
    example = next((one for split in splits for one in split if one.id == difference.id), None)
    if example is None:
        raise InputError("the run's data no longer have this question", where=run, found=difference.id)
    path = dataset.db_path(example)
    if path is None:
        raise InputError("this question has no database", where=difference.id)
    return [_execute(path, statement, cancelled) for statement in (difference.gold, *difference.sql)]


def _execute(path: Path, statement: str, cancelled: Callable[[], bool]) -> Rows:
    try:
        with sql.open_reader(path) as reader:
            result = reader.execute(statement, max_rows=MAX_ROWS, cancelled=cancelled)
    except T2sqlError as error:
        return Rows(problem=str(error))
    return Rows(tuple(result.columns), tuple(result.rows))
