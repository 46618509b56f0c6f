"""Nothing that a model can be talked into writes to the database, reads a file, or ends the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import injections, live_databases

from t2sql.live import Limits, LiveDatabase, open_database
from t2sql.live.statement import Statement
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")


@pytest.fixture(scope="module", params=live_databases.KINDS)
def database(
    request: Any, tmp_path_factory: pytest.TempPathFactory, schema_cache: Path
) -> Iterator[LiveDatabase]:
    url = live_databases.make(request.param, tmp_path_factory.mktemp("live"), request)
    if request.param == "postgres":
        # The worst case: the role may do everything, and only t2sql stands before it.
        url = request.getfixturevalue("postgres").url("owner", url.rpartition("/")[2])
    if request.param == "mariadb":
        url = request.getfixturevalue("mariadb").url("root", url.rpartition("/")[2])
    with open_database(url) as opened:
        yield opened


def alive(database: LiveDatabase) -> bool:
    found = database.execute(database.prepare("SELECT id, word FROM canary")).rows
    return found == [(1, "alive")] and [t.name for t in database.schema().tables] == [
        "canary",
        "customers",
        "orders",
    ]


def test_the_corpus_is_large() -> None:
    assert len(set(injections.statements("x"))) + len(injections.TEXTS) * 6 > 400


@pytest.mark.slow
def test_no_statement_of_the_corpus_gets_through(database: LiveDatabase, tmp_path: Path) -> None:
    file = tmp_path / "planted"
    ran = []
    for sql in injections.statements(str(file)):
        try:
            result = database.execute(database.prepare(sql), Limits(timeout=2))
        except SqlError:
            continue
        ran.append((sql, result.rows))
    # What is left is an ordinary SELECT once comments are gone, and a text of PostgreSQL with a quote in it.
    assert {sql for sql, _ in ran} <= {
        "SELECT 1 /*! ; DELETE FROM canary */",
        "SELECT 1 -- \r; DELETE FROM canary",
        r"SELECT E'\'; DELETE FROM canary; --'",
    }
    assert alive(database) and not file.exists()


@pytest.mark.slow
def test_texts_stay_in_their_quotes(database: LiveDatabase) -> None:
    secrets = ("root:", "alive")
    for text in injections.TEXTS:
        for sql in injections.quoting(text):
            try:
                result = database.execute(database.prepare(sql), Limits(timeout=2))
            except SqlError:
                continue
            shown = repr(result.rows)
            assert not any(secret in shown for secret in secrets) or "canary" in sql, (sql, shown)
    assert alive(database)


@pytest.mark.slow
def test_texts_that_are_in_the_database_stay_values(tmp_path: Path, request: Any) -> None:
    for kind in live_databases.KINDS:
        texts = [text for text in injections.TEXTS if "\0" not in text]
        values = ", ".join("('" + text.replace("'", "''").upper() + "')" for text in texts)
        script = (
            live_databases.SCRIPT
            + f"CREATE TABLE texts (held VARCHAR(200)); INSERT INTO texts VALUES {values};"
        )
        with open_database(live_databases.make(kind, tmp_path, request, script)) as opened:
            for text in texts:
                quoted = text.replace("'", "''")
                statement = opened.prepare(f"SELECT held FROM texts WHERE held = '{quoted}'")
                found = opened.execute(statement).rows
                # MariaDB reads two backslashes as one (docs/live.md).
                held = text.upper().replace("\\\\", "\\") if kind == "mariadb" else text.upper()
                assert found == [(held,)] or not text.isascii(), (kind, text, statement)
            assert opened.execute(opened.prepare("SELECT word FROM canary")).rows == [("alive",)]


@pytest.mark.slow
def test_columns_called_like_attacks_can_be_asked_for(tmp_path: Path, request: Any) -> None:
    names = [text for text in injections.TEXTS if len(text.encode()) < 60]
    for kind in live_databases.KINDS:
        columns = ", ".join('"' + name.replace('"', '""') + '" INTEGER' for name in names)
        values = ", ".join(map(str, range(len(names))))
        script = live_databases.SCRIPT + f"CREATE TABLE odd ({columns}); INSERT INTO odd VALUES ({values});"
        with open_database(live_databases.make(kind, tmp_path, request, script)) as opened:
            from t2sql.live.names import shown_name

            for value, name in enumerate(names):
                shown = shown_name(name).replace('"', '""')
                assert opened.execute(opened.prepare(f'SELECT "{shown}" FROM odd')).rows == [(value,)], (
                    kind,
                    name,
                )
            assert opened.execute(opened.prepare("SELECT word FROM canary")).rows == [("alive",)]


def test_the_database_itself_refuses_to_write(database: LiveDatabase, tmp_path: Path) -> None:
    """The second wall, with the first one taken away."""
    file = tmp_path / "planted"
    for sql in (
        "DELETE FROM canary",
        "SELECT 1; DELETE FROM canary",
        "CREATE TABLE planted (a INTEGER)",
        f"COPY canary TO '{file}'",
        f"ATTACH '{file}' AS planted",
        "WITH gone AS (DELETE FROM canary RETURNING *) SELECT * FROM gone",
    ):
        with pytest.raises(SqlError):
            database.execute(Statement(sql, database.dialect), Limits(timeout=2))
    if database.dialect != "duckdb":
        with pytest.raises(SqlError):
            database.execute(Statement("SELECT load_extension('x')", database.dialect))
    assert alive(database) and not file.exists()


def test_a_changed_setting_does_not_outlive_its_statement(
    postgres: Any, request: Any, tmp_path: Path
) -> None:
    url = live_databases.make("postgres", tmp_path, request)
    with open_database(postgres.url("owner", url.rpartition("/")[2])) as opened:
        limits = Limits(timeout=2, max_rows=9, max_bytes=9999)
        setting = "SELECT set_config('default_transaction_read_only', 'off', false)"
        opened.execute(Statement(setting, "postgres"), limits)
        with pytest.raises(SqlError, match="read-only transaction"):
            opened.execute(Statement("INSERT INTO public.canary VALUES (2, 'dead')", "postgres"), limits)
        assert alive(opened)
