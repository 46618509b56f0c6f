"""The error of a statement that cannot be run, and the kinds that it comes in."""

from __future__ import annotations

from typing import Literal, TypeAlias

from t2sql.errors import InputError

SqlErrorKind: TypeAlias = Literal[
    "syntax",
    "unknown_column",
    "unknown_table",
    "not_read_only",
    "multiple",
    "timeout",
    "cancelled",
    "memory",
    "other",
]
"""Why a statement cannot be run. The values are part of the program's JSON output."""

_SHOWN = 120
_MOST_READ = 2000


class SqlError(InputError):
    """A statement that cannot be run.

    Attributes:
        kind: Why it cannot be run.
    """

    def __init__(self, kind: SqlErrorKind, message: str, sql: str, *, hint: str | None = None) -> None:
        """Describe a failed statement.

        Args:
            kind: Why the statement cannot be run.
            message: What the database said.
            sql: The statement; the error shows its beginning.
            hint: What the user can do.
        """
        self.kind = kind
        where = " ".join(sql[:_MOST_READ].split())[:_SHOWN]
        super().__init__("the statement cannot be run", found=message, where=where, hint=hint)
