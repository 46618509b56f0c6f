"""Scoring answers: each is run beside its gold statement, compared with it, and given an outcome."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from t2sql.data import Dataset, Example
from t2sql.errors import InputError
from t2sql.evaluate.logical import difference, logical_form
from t2sql.evaluate.scores import CORRECT, Scored
from t2sql.evaluate.suite import Suite, suite_of
from t2sql.evaluate.tutorial_text import has_unknown_column, tutorial_form
from t2sql.evaluate.unmatched import has_unmatched_text
from t2sql.progress import Progress
from t2sql.schema import Schema
from t2sql.sql import (
    Reader,
    Result,
    SqlError,
    Task,
    execute_each,
    is_ordered,
    open_reader,
    same_result,
    same_statement,
    with_single_quotes,
)

_OUTCOME_OF_KIND = {
    "syntax": "syntax",
    "unknown_column": "unknown column",
    "unknown_table": "wrong table",
    "timeout": "too slow",
    "memory": "too slow",
}
_MAX_ROWS = 100_000
"""Rows of a result that are compared; a gold result with more is judged by a test suite."""
_AHEAD = 64
"""Answers whose statements are sent together, and run while those before them are compared."""
_GOLD_TIMEOUT = 30.0
"""Seconds that a gold statement may take at least: it runs once and every answer depends on it."""


def score(
    dataset: Dataset | None,
    examples: Sequence[Example],
    answers: Sequence[str],
    *,
    timeout: float = 5.0,
    doubts: bool = False,
    progress: Progress | None = None,
) -> list[Scored]:
    """Score answers.

    Args:
        dataset: Where the examples' databases are; None when there are none.
        examples: The questions with their gold statements.
        answers: A statement for each of them.
        timeout: Seconds after which an answer is stopped and counts as too slow.
        doubts: Whether the databases are asked what speaks against an answer.
        progress: Called after each answer.

    Raises:
        InputError: There are more or fewer answers than examples, an example has no gold statement or one
            that does not run, or a database cannot be read.
    """
    if len(examples) != len(answers):
        raise InputError("answers and questions differ in number", expected=len(examples), found=len(answers))
    scored = []
    pairs = [(example, sql.strip()) for example, sql in zip(examples, answers, strict=True)]
    with Judge(dataset, timeout, doubts) as judge:
        for done, (example, sql) in enumerate(pairs, 1):
            if done % _AHEAD == 1:
                judge.run_ahead(pairs[done - 1 : done - 1 + _AHEAD])
            scored.append(judge.score(example, sql))
            if progress is not None:
                progress(done, len(examples), "scoring")
    return scored


class Judge:
    """Scores one answer after another, and keeps databases open and gold results at hand between them."""

    def __init__(self, dataset: Dataset | None, timeout: float, doubts: bool = False) -> None:
        """Remember where databases are.

        Args:
            dataset: Finds an example's database; None when examples have none.
            timeout: Seconds after which an answer is stopped.
            doubts: Whether the databases are asked what speaks against an answer.
        """
        self._dataset = dataset
        self._timeout = timeout
        self._doubts = doubts
        self._readers: dict[Path | Schema, Reader] = {}
        self._stack = ExitStack()
        self._gold_results: dict[tuple[Path, str], Result] = {}
        self._sent: deque[Task] = deque()
        self._outcomes: Iterator[Result | SqlError] = iter(())

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the databases."""
        self._stack.close()

    def run_ahead(self, pairs: Sequence[tuple[Example, str]]) -> None:
        """Send the statements that `score` will need of these examples and answers, in their order."""
        golds: set[tuple[Path, str]] = set(self._gold_results)
        self._sent.clear()
        for example, sql in pairs:
            db = self._dataset.db_path(example) if self._dataset is not None else None
            if db is None or example.sql is None:
                continue
            gold, sql = _gold(example), _answer(example, sql)
            if (db, gold) not in golds:
                golds.add((db, gold))
                self._sent.append(self._gold_task(db, gold))
            if sql != gold:
                self._sent.append(self._task(db, sql))
        self._outcomes = execute_each(list(self._sent))

    def _outcome(self, task: Task) -> Result | SqlError:
        """What a statement returns; of one that was sent, what comes next."""
        while self._sent:
            # Of an answer whose gold result is too large to compare, the rows are not needed.
            sent, outcome = self._sent.popleft(), next(self._outcomes)
            if sent == task:
                return outcome
        return next(execute_each([task]))

    def score(self, example: Example, sql: str) -> Scored:
        """Score an answer to an example.

        Raises:
            InputError: The example has no gold statement or one that does not run, or its database cannot be
                read.
        """
        answer, sql = sql, _answer(example, sql)
        gold = _gold(example)
        db = self._dataset.db_path(example) if self._dataset is not None else None
        exact = same_statement(gold, sql)
        expected = self._gold_result(db, example, gold) if db is not None else None
        is_sql = True
        suite: Suite | None = None
        result: Result | None = None
        if db is not None and expected is not None:
            correct, refusal, result = self._run(db, gold, sql, expected)
        else:
            gold_refusal, refusal = self._reader(db or example.schema).check_each([gold, sql])
            # The tutorial's text does not run on its own schema: it is compared by its logical form.
            is_sql = db is not None or gold_refusal is None
            suite = suite_of(example.schema, gold) if is_sql else None
        miss = _logical_miss(example, gold, sql, is_sql)
        logical = exact or miss is None
        if suite is not None:
            correct, refusal = self._agrees(suite, gold, sql, refusal)
        elif expected is None:
            correct = logical
        return Scored(
            id=example.id,
            sql=answer,
            gold=gold,
            correct=correct,
            exact=exact,
            logical=logical,
            valid=refusal is None or refusal.kind in ("timeout", "memory"),
            outcome=CORRECT if correct else _outcome(sql, refusal if is_sql else None, miss),
            measure="execution" if expected is not None else "suite" if suite is not None else "logical",
            suite=None if suite is None else suite.strength,
            doubtful=self._doubts
            and db is not None
            and expected is not None
            and self._is_doubtful(db, example, sql, result),
        )

    def _is_doubtful(self, db: Path, example: Example, sql: str, result: Result | None) -> bool:
        """What `t2sql ask --db --execute` would say of the answer, whatever the model's own probability."""
        if result is None or result.is_empty:
            return True
        return has_unmatched_text(self._reader(db), example.schema, sql)

    def _run(
        self, db: Path, gold: str, sql: str, expected: Result
    ) -> tuple[bool, SqlError | None, Result | None]:
        """Whether the answer returns the gold statement's rows; why it does not run, or what it returns."""
        if sql == gold:
            return True, None, expected
        result = self._outcome(self._task(db, sql))
        if isinstance(result, SqlError):
            return False, result, None
        return same_result(expected, result, ordered=is_ordered(gold)), None, result

    def _agrees(
        self, suite: Suite, gold: str, sql: str, refusal: SqlError | None
    ) -> tuple[bool, SqlError | None]:
        """Whether the answer returns the gold statement's rows on a suite; why it does not run there."""
        if refusal is not None:
            return False, refusal
        try:
            return sql == gold or suite.agrees(sql, timeout=self._timeout), None
        except SqlError as error:
            return False, error

    def _gold_result(self, db: Path, example: Example, gold: str) -> Result | None:
        """The gold statement's result; None when it has too many rows to compare."""
        if (db, gold) not in self._gold_results:
            result = self._outcome(self._gold_task(db, gold))
            if isinstance(result, SqlError):
                raise InputError("the gold statement does not run", where=example.id, found=result) from None
            self._gold_results[db, gold] = result
        result = self._gold_results[db, gold]
        return None if result.truncated else result

    def _task(self, where: Path | Schema, sql: str) -> Task:
        return self._reader(where).task(sql, timeout=self._timeout, max_rows=_MAX_ROWS)

    def _gold_task(self, db: Path, gold: str) -> Task:
        timeout = max(self._timeout, _GOLD_TIMEOUT)
        return self._reader(db).task(gold, timeout=timeout, max_rows=_MAX_ROWS)

    def _reader(self, where: Path | Schema) -> Reader:
        """A database file, or an empty database of a schema."""
        reader = self._readers.get(where)
        if reader is None:
            # Of the databases, the process that runs the statements keeps few open.
            reader = self._readers[where] = self._stack.enter_context(open_reader(where))
        return reader


def _logical_miss(example: Example, gold: str, sql: str, is_sql: bool) -> str | None:
    """In what the logical forms of answer and gold statement differ, as an outcome; None when they do not."""
    if not sql:
        return "empty"
    columns: Sequence[str] = ()
    expected = form = None
    if is_sql:
        expected, form = logical_form(gold), logical_form(sql)
    elif example.schema.tables:
        table = example.schema.tables[0]
        columns = table.column_names
        expected, form = tutorial_form(gold, table.name, columns), tutorial_form(sql, table.name, columns)
    if expected is None or form is None:
        return None if _folded(gold) == _folded(sql) else "syntax"
    miss = difference(expected, form)
    return "unknown column" if miss and not is_sql and has_unknown_column(form, columns) else miss


def _outcome(sql: str, refusal: SqlError | None, miss: str | None) -> str:
    if not sql:
        return "empty"
    if refusal is not None:
        return _OUTCOME_OF_KIND.get(refusal.kind, "not executable")
    # The forms agree and the results do not: a value's letter case, or a number given as text.
    return miss or "wrong value"


def _gold(example: Example) -> str:
    if example.sql is None:
        raise InputError("the example has no gold statement", where=example.id)
    return with_single_quotes(example.sql.strip().rstrip(";").rstrip(), example.schema)


def _answer(example: Example, sql: str) -> str:
    """An answer with its texts as SQLite reads them; a name that is a wrong column stays one."""
    return with_single_quotes(sql, example.schema, operands_only=True)


def _folded(sql: str) -> str:
    return " ".join(sql.split()).lower()
