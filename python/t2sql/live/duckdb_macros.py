"""Macros in a DuckDB file: it finds them before its own functions, operators too, so none is called."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import Engine

from t2sql.sql import SqlError

_FUNCTIONS = "SELECT DISTINCT function_name, internal FROM system.main.duckdb_functions()"
_CALLED = re.compile(r'(\w+)"?\s*\(')


def read_macros(engine: Engine) -> dict[str, bool]:
    """The macros in a file, and whether each replaces one of DuckDB's own functions.

    The file is locked against writers as long as it is open, so that none is added.
    """
    with engine.connect() as connection:
        functions = connection.exec_driver_sql(_FUNCTIONS).fetchall()
    own = {name.lower() for name, internal in functions if internal}
    return {name: name.lower() in own for name, internal in functions if not internal}


def check_macros(macros: Mapping[str, bool], written: str, sql: str) -> None:
    """Refuse a statement that would call a macro.

    Args:
        macros: What `read_macros` returned.
        written: The statement as it would run.
        sql: The model's statement.

    Raises:
        SqlError: It would call one.
    """
    called = {name.lower() for name in _CALLED.findall(written)}
    for name, replaces in macros.items():
        if replaces or name.lower() in called:
            reason = f"the database's own macro {name} would be called in place of DuckDB's function"
            raise SqlError("not_read_only", reason, sql)
