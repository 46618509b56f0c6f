"""How MariaDB and MySQL run one statement through PyMySQL, and what their errors mean."""

from __future__ import annotations

from contextlib import closing

import sqlalchemy as sa

from t2sql.databases import driver_message
from t2sql.errors import WorkError
from t2sql.live.drivers import RawConnection, Rows
from t2sql.sql import SqlError, SqlErrorKind, take_rows

_CODES: dict[int, SqlErrorKind] = {
    1064: "syntax",
    1149: "syntax",
    1052: "unknown_column",
    1054: "unknown_column",
    1146: "unknown_table",
    1290: "not_read_only",
    1142: "not_read_only",
    1143: "not_read_only",
    1227: "not_read_only",
    1370: "not_read_only",
    1792: "not_read_only",
    1038: "memory",
    1041: "memory",
    1317: "timeout",
    1969: "timeout",
    3024: "timeout",
}
"""Error codes: https://mariadb.com/docs/server/reference/error-codes; 3024 is MySQL's, 1969 MariaDB's."""

_LOST = frozenset({0, 1053, 1077, 1079, 1152, 1153, 1158, 1159, 1160, 1161, 1927, *range(2000, 2100)})
"""Codes that are about the connection: the server's shutdown, broken packets, and all of the client's."""


class MariadbDriver:
    """A statement in a read-only transaction that is rolled back, with the server's own timeout."""

    def __init__(self, connection: RawConnection, pool: sa.Pool) -> None:
        """Use a connection.

        Args:
            connection: A PyMySQL connection, which is in no transaction after `run`.
            pool: The pool that it is of; one like it makes the connection that ends a statement.
        """
        self._connection = connection
        self._pool = pool

    def session(self) -> str:
        """The server's number of the connection."""
        return str(self._connection.thread_id())

    def run(self, sql: str, timeout: float, max_rows: int, max_bytes: int) -> Rows:
        """Run a statement; the connection takes one at a time. See `Driver.run`."""
        from pymysql.cursors import SSCursor  # An extra: without it there is no connection.

        connection = self._connection
        connection.rollback()
        with connection.cursor() as cursor:
            if "MariaDB" in connection.get_server_info():
                cursor.execute(f"SET SESSION max_statement_time = {max(0.001, timeout):.3f}")
                # MariaDB would stop a recursion after a thousand rounds without an error, and answer with
                # what it has. The time ends it instead.
                cursor.execute("SET SESSION max_recursive_iterations = 4294967295")
            else:
                cursor.execute(f"SET SESSION max_execution_time = {max(1, round(timeout * 1000))}")
            cursor.execute("START TRANSACTION READ ONLY")
        cursor = connection.cursor(SSCursor)
        whole = False
        try:
            # Without arguments PyMySQL sends the text as it is: its percent signs mean nothing.
            cursor.execute(sql)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            rows, truncated = take_rows(iter(cursor.fetchone, None), max_rows, max_bytes)
            whole = not truncated
        finally:
            if not whole and connection._result is not None:
                # It would read all the rows that are left as it is closed.
                connection._result.unbuffered_active = False
        cursor.close()
        if whole:
            connection.rollback()
        return columns, rows, truncated

    def interrupt(self) -> None:
        """End the statement from another connection."""
        # The pool itself may have no connection left.
        pool = self._pool.recreate()
        try:
            other = pool.connect()
            with closing(other.cursor()) as cursor:
                cursor.execute(f"KILL QUERY {self._connection.thread_id()}")
            other.close()
        finally:
            pool.dispose()

    def error(self, error: Exception, sql: str) -> Exception:
        """Translate by the server's error code. See `Driver.error`."""
        import pymysql  # An extra: without it there is no connection.

        if isinstance(error, OSError):
            return _went_away(error)
        if not isinstance(error, pymysql.err.MySQLError):
            return error
        code = error.args[0] if error.args and isinstance(error.args[0], int) else -1
        if code in _LOST:
            return _went_away(error)
        return SqlError(_CODES.get(code, "other"), driver_message(error), sql)


def _went_away(error: Exception) -> WorkError:
    return WorkError("the database went away", found=driver_message(error), hint="Try again when it is back")
