"""Scores of answers: exact, logical, valid, and right by what the statement returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from t2sql.errors import InputError
from t2sql.evaluate.logical import difference, logical_form
from t2sql.evaluate.pseudo import tutorial_form, unknown

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example
    from t2sql.sql import Result, SqlError

Measure = Literal["execution", "logical"]
Progress = Callable[[int, int, str], None]

CORRECT = "correct"
CLASSES = (
    CORRECT,
    "empty",
    "syntax",
    "unknown column",
    "wrong table",
    "wrong column",
    "wrong aggregate",
    "wrong condition",
    "wrong value",
    "wrong clause",
    "too slow",
    "not executable",
)

_CLASS_OF_KIND = {
    "syntax": "syntax",
    "unknown_column": "unknown column",
    "unknown_table": "wrong table",
    "timeout": "too slow",
    "too_many_rows": "too slow",
}


@dataclass(frozen=True)
class Scored:
    """One answer. `correct` is by `measure`: what it returns where the example has a database, else its
    logical form. `klass` is "correct" or what went wrong first."""

    id: str
    sql: str
    gold: str
    correct: bool
    exact: bool
    logical: bool
    valid: bool
    klass: str
    measure: Measure


@dataclass(frozen=True)
class Summary:
    n: int
    correct: int
    exact: int
    logical: int
    valid: int
    measure: str
    classes: dict[str, int] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        from t2sql.evaluate.stats import wilson

        return wilson(self.correct, self.n)


def summarize(scored: Sequence[Scored]) -> Summary:
    measures = {answer.measure for answer in scored}
    classes = Counter(answer.klass for answer in scored)
    return Summary(
        n=len(scored),
        correct=sum(answer.correct for answer in scored),
        exact=sum(answer.exact for answer in scored),
        logical=sum(answer.logical for answer in scored),
        valid=sum(answer.valid for answer in scored),
        measure=measures.pop() if len(measures) == 1 else "mixed" if measures else "none",
        classes={name: classes[name] for name in CLASSES if classes[name]},
    )


def score(
    dataset: Dataset | None,
    examples: Sequence[Example],
    answers: Sequence[str],
    *,
    timeout: float = 5.0,
    progress: Progress | None = None,
) -> list[Scored]:
    """Score each answer against its example; `dataset` finds the databases."""
    if len(examples) != len(answers):
        raise InputError("answers and questions differ in number", expected=len(examples), found=len(answers))
    judge = _Judge(dataset, timeout)
    scored = []
    for done, (example, sql) in enumerate(zip(examples, answers, strict=True), 1):
        scored.append(judge.score(example, sql.strip()))
        if progress is not None:
            progress(done, len(examples), "scoring")
    return scored


class _Judge:
    def __init__(self, dataset: Dataset | None, timeout: float) -> None:
        self.dataset = dataset
        self.timeout = timeout
        self._gold: dict[tuple[Path, str], Result] = {}

    def score(self, example: Example, sql: str) -> Scored:
        from t2sql.sql import check

        gold = _gold(example)
        db = self.dataset.db_path(example) if self.dataset is not None else None
        exact = sql == gold
        trouble = check(db or example.schema, sql)
        runs = db is not None or check(example.schema, gold) is None
        miss = _logical_miss(example, gold, sql, runs)
        logical = exact or miss is None
        if db is not None:
            correct, trouble = self._returns_the_same(db, example, gold, sql, trouble)
        else:
            correct = logical
        return Scored(
            id=example.id,
            sql=sql,
            gold=gold,
            correct=correct,
            exact=exact,
            logical=logical,
            valid=trouble is None or trouble.kind == "timeout",
            klass=CORRECT if correct else _class(sql, trouble if runs else None, miss),
            measure="logical" if db is None else "execution",
        )

    def _returns_the_same(
        self, db: Path, example: Example, gold: str, sql: str, trouble: SqlError | None
    ) -> tuple[bool, SqlError | None]:
        from t2sql.sql import SqlError, execute, is_ordered, same_result

        if trouble is not None:
            return False, trouble
        if (db, gold) not in self._gold:
            try:
                self._gold[db, gold] = execute(db, gold, timeout=max(self.timeout, 30.0))
            except SqlError as error:
                raise InputError("the gold statement does not run", where=example.id, found=error) from None
        try:
            got = execute(db, sql, timeout=self.timeout)
        except SqlError as error:
            return False, error
        return same_result(self._gold[db, gold], got, ordered=is_ordered(gold)), None


def _logical_miss(example: Example, gold: str, sql: str, runs: bool) -> str | None:
    """In what the answer's logical form differs from the gold one's; None when it does not.

    A gold statement that does not run on its own schema is the tutorial's text, not SQL.
    """
    if not sql:
        return "empty"
    if runs:
        want, got = logical_form(gold), logical_form(sql)
    else:
        table = example.schema.tables[0]
        want = tutorial_form(gold, table.name, table.column_names)
        got = tutorial_form(sql, table.name, table.column_names)
    if want is None or got is None:
        return None if _folded(gold) == _folded(sql) else "syntax"
    miss = difference(want, got)
    return "unknown column" if miss and not runs and unknown(got, table.column_names) else miss


def _class(sql: str, trouble: SqlError | None, miss: str | None) -> str:
    if not sql:
        return "empty"
    if trouble is not None:
        return _CLASS_OF_KIND.get(trouble.kind, "not executable")
    # The forms agree and the results do not: a value's letter case, or a number given as text.
    return miss or "wrong value"


def _gold(example: Example) -> str:
    if example.sql is None:
        raise InputError("the example has no gold statement", where=example.id)
    return example.sql.strip().rstrip(";").rstrip()


def _folded(sql: str) -> str:
    return " ".join(sql.split()).lower()
