"""One answer after another against its gold statement: run, compared, and the miss named."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.errors import InputError
from t2sql.evaluate.logical import difference, logical_form
from t2sql.evaluate.pseudo import tutorial_form, unknown
from t2sql.evaluate.scores import CORRECT, Scored
from t2sql.sql import same_statement

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example
    from t2sql.evaluate.suite import Suite
    from t2sql.schema import Schema
    from t2sql.sql import Reader, Result, SqlError

_CLASS_OF_KIND = {
    "syntax": "syntax",
    "unknown_column": "unknown column",
    "unknown_table": "wrong table",
    "timeout": "too slow",
    "memory": "too slow",
}
_OPEN_DATABASES = 16
_MAX_ROWS = 100_000
_GOLD_TIMEOUT = 30.0


class Judge:
    """Keeps databases open and gold results at hand from one answer to the next."""

    def __init__(self, dataset: Dataset | None, timeout: float) -> None:
        self.dataset = dataset
        self.timeout = timeout
        self._open: OrderedDict[Path | Schema, tuple[ExitStack, Reader]] = OrderedDict()
        self._gold: dict[tuple[Path, str], Result] = {}

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1][0].close()

    def score(self, example: Example, sql: str) -> Scored:
        gold = _gold(example)
        db = self.dataset.db_path(example) if self.dataset is not None else None
        exact = same_statement(gold, sql)
        wanted = self._wanted(db, example, gold) if db is not None else None
        runs = db is not None or self._reader(example.schema).check(gold) is None
        suite = _suite(example, gold) if runs and wanted is None else None
        miss = _logical_miss(example, gold, sql, runs)
        logical = exact or miss is None
        correct, trouble = self._judged(db or example.schema, gold, sql, wanted, suite)
        if wanted is None and suite is None:
            correct = logical
        return Scored(
            id=example.id,
            sql=sql,
            gold=gold,
            correct=correct,
            exact=exact,
            logical=logical,
            valid=trouble is None or trouble.kind in ("timeout", "memory"),
            klass=CORRECT if correct else _class(sql, trouble if runs else None, miss),
            measure="execution" if wanted is not None else "suite" if suite is not None else "logical",
            suite=None if suite is None else (suite.killed, suite.neighbours),
        )

    def _judged(
        self, where: Path | Schema, gold: str, sql: str, wanted: Result | None, suite: Suite | None
    ) -> tuple[bool, SqlError | None]:
        """Whether the answer returns what the gold statement does, and what keeps it from running."""
        from t2sql.sql import SqlError, is_ordered, same_result

        reader = self._reader(where)
        try:
            if wanted is not None:
                got = wanted if sql == gold else reader.execute(sql, timeout=self.timeout, max_rows=_MAX_ROWS)
                return same_result(wanted, got, ordered=is_ordered(gold)), None
            trouble = reader.check(sql)
            if trouble is not None or suite is None:
                return False, trouble
            return sql == gold or suite.agrees(sql, timeout=self.timeout), None
        except SqlError as error:
            return False, error

    def _wanted(self, db: Path, example: Example, gold: str) -> Result | None:
        """The gold result; None when it is too long to compare."""
        from t2sql.sql import SqlError

        if (db, gold) not in self._gold:
            timeout = max(self.timeout, _GOLD_TIMEOUT)
            try:
                result = self._reader(db).execute(gold, timeout=timeout, max_rows=_MAX_ROWS)
            except SqlError as error:
                raise InputError("the gold statement does not run", where=example.id, found=error) from None
            self._gold[db, gold] = result
        return None if self._gold[db, gold].truncated else self._gold[db, gold]

    def _reader(self, where: Path | Schema) -> Reader:
        from t2sql.sql import open_reader

        if where in self._open:
            self._open.move_to_end(where)
            return self._open[where][1]
        if len(self._open) >= _OPEN_DATABASES:
            self._open.popitem(last=False)[1][0].close()
        stack = ExitStack()
        reader = stack.enter_context(open_reader(where))
        self._open[where] = stack, reader
        return reader


def _suite(example: Example, gold: str) -> Suite | None:
    from t2sql.evaluate.suite import suite_of

    return suite_of(example.schema, gold)


def _logical_miss(example: Example, gold: str, sql: str, runs: bool) -> str | None:
    """In what the answer's logical form differs from the gold one's; None when it does not.

    A gold statement that does not run on its own schema is the tutorial's text, not SQL.
    """
    if not sql:
        return "empty"
    columns: Sequence[str] = ()
    want = got = None
    if runs:
        want, got = logical_form(gold), logical_form(sql)
    elif example.schema.tables:
        table = example.schema.tables[0]
        columns = table.column_names
        want, got = tutorial_form(gold, table.name, columns), tutorial_form(sql, table.name, columns)
    if want is None or got is None:
        return None if _folded(gold) == _folded(sql) else "syntax"
    miss = difference(want, got)
    return "unknown column" if miss and not runs and unknown(got, columns) else miss


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
