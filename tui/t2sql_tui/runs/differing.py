"""Two files' answers to the same questions: where one is right and the other wrong, and what each returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, T2sqlError

MAX_ROWS = 200
_KEPT = ("question", "gold", "sql", "correct", "class")


@dataclass(frozen=True)
class Source:
    """The predictions of one file on one backend, in the run they belong to."""

    run: Path
    label: str
    predictions: Path


@dataclass(frozen=True)
class Difference:
    """A question that only one of the two, 0 or 1, answered rightly."""

    id: str
    question: str
    gold: str
    sql: tuple[str, str]
    right: int
    why: str


@dataclass(frozen=True)
class Differing:
    """`common` is how many questions both were asked, `both` how many both answered rightly."""

    common: int
    both: int
    differences: tuple[Difference, ...]

    def won(self, side: int) -> int:
        return sum(one.right == side for one in self.differences)

    @property
    def p(self) -> float:
        """How often chance alone divides the differences at least so unevenly (McNemar's exact test)."""
        from t2sql.evaluate import mcnemar

        return mcnemar(self.won(0), self.won(1))


def differing(first: Source, second: Source) -> Differing:
    """Read both files of predictions. InputError when one cannot be read, or they share no question."""
    a, b = _read(first), _read(second)
    shared = [id for id in a if id in b and a[id]["gold"] == b[id]["gold"]]
    if not shared:
        raise InputError("these two were asked no question in common", found=f"{first.label}, {second.label}")
    found = []
    for id in shared:
        one, two = a[id], b[id]
        if one["correct"] != two["correct"]:
            right = 0 if one["correct"] else 1
            why = str((two if right == 0 else one)["class"])
            found.append(Difference(id, one["question"], one["gold"], (one["sql"], two["sql"]), right, why))
    both = sum(bool(a[id]["correct"] and b[id]["correct"]) for id in shared)
    return Differing(len(shared), both, tuple(found))


def _read(source: Source) -> dict[str, dict[str, Any]]:
    """The answers by question; lines that are no answers are passed over."""
    if not source.predictions.is_file():
        raise InputError(
            "the run has not kept this file's answers",
            where=source.predictions,
            hint=f"Run the comparison again: t2sql run --out {source.run}",
        )
    answers = {}
    try:
        lines = source.predictions.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError("the answers cannot be read", where=source.predictions, found=error) from None
    for line in lines:
        try:
            answer = json.loads(line)
            answers[str(answer["id"])] = {key: answer[key] for key in _KEPT}
        except (ValueError, KeyError, TypeError):
            continue
    return answers


@dataclass(frozen=True)
class Rows:
    """What one statement returns, or why it returns nothing."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    problem: str = ""


def rows_of(run: Path, difference: Difference, cancelled: Callable[[], bool]) -> list[Rows]:
    """The rows of the gold statement and of both answers, on the question's database, read-only."""
    from t2sql import data, runs

    dataset = data.load(runs.open_run(run).dir_of("data"))
    splits = (split for split in (dataset.test, dataset.valid) if split)
    example = next((one for split in splits for one in split if one.id == difference.id), None)
    if example is None:
        raise InputError("the run's data no longer have this question", where=run, found=difference.id)
    path = dataset.db_path(example)
    if path is None:
        raise InputError("this question has no database", where=difference.id)
    return [_executed(path, sql, cancelled) for sql in (difference.gold, *difference.sql)]


def _executed(path: Path, sql: str, cancelled: Callable[[], bool]) -> Rows:
    from t2sql.sql import open_reader

    try:
        with open_reader(path) as reader:
            result = reader.execute(sql, max_rows=MAX_ROWS, cancelled=cancelled)
    except T2sqlError as error:
        return Rows(problem=str(error))
    return Rows(tuple(result.columns), tuple(result.rows))
