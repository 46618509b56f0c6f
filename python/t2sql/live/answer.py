"""What the answer to a question over a live database holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from t2sql.errors import InputError
from t2sql.generate import Answer, FailedStatement, Status
from t2sql.live.rows import json_rows
from t2sql.live.statement import Statement
from t2sql.plain import Json
from t2sql.remembered import RememberedAnswer
from t2sql.sql import ArrowTable, DataFrame, Result, SqlError
from t2sql.text import html_answer

_SHOWN_NAMES = 5


def empty_doubt(result: Result) -> str | None:
    """Why rows that say nothing may be wrong, in words; None for rows with a value.

    Somebody who asks expects an answer: of the statements that return nothing nine in ten are wrong.
    """
    if not result.is_empty:
        return None
    return "it returns nothing but NULL" if result.rows else "it returns no rows"


@dataclass(frozen=True)
class LiveAnswer:
    """A question's answer over a live database.

    Attributes:
        sql: The statement in the database's dialect; the model's own text where that was refused.
        answer: The model's answer.
        dialect: The database's dialect, as sqlglot names it.
        statement: The checked statement; None if it was refused.
        left_out: Tables, and columns as "table.column", that did not fit the prompt.
        result: The rows; None if the statement was not run.
        error: Why it was refused or did not run.
        first: The model's first statement, if that failed and this is the second.
        remembered: The user's own answer to the question; None if the model answered.
        missed: Texts of the database that the question has and the statement does not look for, as doubts.
    """

    sql: str
    answer: Answer
    dialect: str
    statement: Statement | None
    left_out: tuple[str, ...]
    result: Result | None
    error: SqlError | None
    first: FailedStatement | None = None
    remembered: RememberedAnswer | None = None
    missed: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """How far the answer can be trusted."""
        if self.remembered is not None:
            return "remembered"
        if self.doubts:
            return "uncertain"
        return self.answer.status if self.first is None else "repaired"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the answer may be wrong, in words."""
        if self.remembered is not None:
            return ()
        doubts = list(self.answer.doubts)
        if self.error is not None:
            doubts.insert(0, f"the statement cannot be run: {self.error.found}")
        elif self.statement is not None:
            doubts += [*self.statement.unmatched, *self.missed]
        if self.result is not None and (doubt := empty_doubt(self.result)) is not None:
            doubts.append(doubt)
        return tuple(doubts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know beside the doubts, in words."""
        warnings = list(self.answer.warnings)
        if self.left_out:
            names = ", ".join(self.left_out[:_SHOWN_NAMES])
            if len(self.left_out) > _SHOWN_NAMES:
                names += " …"
            warnings.append(
                f"the schema does not fit the context: {len(self.left_out)} tables or columns that seemed "
                f"not to matter were left out ({names})"
            )
        if self.statement is not None:
            warnings += [
                f"{change.column}: '{change.asked}' is '{change.found}' in the database"
                for change in self.statement.changes
            ]
            warnings += self.statement.notes
        if self.result is not None and self.result.truncated:
            count = len(self.result.rows)
            warnings.append(f"there are more rows than the {count} that the limits let through")
        return tuple(warnings)

    def to_arrow(self) -> ArrowTable:
        """The rows as a `pyarrow.Table`.

        Raises:
            InputError: The statement was not run.
            MissingPartError: pyarrow is not installed.
        """
        return self._rows().to_arrow()

    def to_pandas(self) -> DataFrame:
        """The rows as a `pandas.DataFrame`.

        Raises:
            InputError: The statement was not run.
            MissingPartError: pandas is not installed.
        """
        return self._rows().to_pandas()

    def _rows(self) -> Result:
        if self.result is None:
            reason = "execute is False" if self.error is None else self.error.found
            raise InputError("the answer has no rows", found=reason, hint="Ask with execute=True")
        return self.result

    def _repr_html_(self) -> str:
        """The statement, how sure it is, and the first rows, as a notebook shows them."""
        answer = html_answer(self.sql, self.status, (*self.doubts, *self.warnings))
        return answer if self.result is None else answer + self.result._repr_html_()

    def to_json(self) -> dict[str, Json]:
        """The document that `ask --db --json` prints and `POST /ask` returns."""
        document = self.answer.to_json() | {
            "sql": self.sql,
            "status": self.status,
            "doubts": list(self.doubts),
            "first": None if self.first is None else asdict(self.first),
            "model_sql": self.answer.sql if self.remembered is None else "",
            "remembered": None if self.remembered is None else self.remembered.to_json(),
            "dialect": self.dialect,
            "changes": [asdict(change) for change in self.statement.changes] if self.statement else [],
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
            "error": None,
        }
        if self.error is not None:
            document["error"] = {"kind": self.error.kind, "message": str(self.error.found)}
        if self.result is not None:
            document["columns"] = list(self.result.columns)
            document["rows"] = json_rows(self.result)
            document["truncated"] = self.result.truncated
            document["seconds"] = self.result.seconds
        return document
