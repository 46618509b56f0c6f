"""Ways to reach a server: pools that refuse settings, sockets, IPv6, passwords that are in no URL."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import live_databases

from t2sql.errors import MissingPartError, T2sqlError
from t2sql.live import open_database
from t2sql.live.statement import Statement
from t2sql.sql import SqlError

pytestmark = pytest.mark.usefixtures("schema_cache")

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102


class Pooler:
    """Passes connections on to a PostgreSQL server, and refuses settings as PgBouncer does."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, struct.error):
            head = client.recv(8)
            length, code = struct.unpack("!II", head)
            while code in (_SSL_REQUEST, _GSS_REQUEST):
                client.sendall(b"N")
                head = client.recv(8)
                length, code = struct.unpack("!II", head)
            rest = client.recv(length - 8)
            if code != _CANCEL_REQUEST and b"options" in rest.split(b"\0"):
                self.refused += 1
                text = b"SFATAL\0C08P01\0Munsupported startup parameter in options: lock_timeout\0\0"
                client.sendall(b"E" + struct.pack("!I", len(text) + 4) + text)
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            server.sendall(head + rest)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)

    def close(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def pooler(postgres: Any) -> Iterator[Pooler]:
    opened = Pooler(postgres.port)
    yield opened
    opened.close()


def test_a_pool_that_refuses_settings_gets_them_in_every_transaction(postgres: Any, pooler: Pooler) -> None:
    script = """
        CREATE SCHEMA sales;
        CREATE TABLE sales.orders (id int, until date);
        INSERT INTO sales.orders VALUES (1, 'infinity');
    """
    postgres.new_database("pooled", script)
    url = f"postgresql://owner@127.0.0.1:{pooler.port}/pooled?options=-csearch_path%3Dsales"
    with open_database(url) as database:
        assert pooler.refused == 1
        assert [table.name for table in database.schema().tables] == ["orders"]
        assert database.execute(database.prepare("SELECT until FROM orders")).rows == [("infinity",)]
        assert database.execute(database.prepare("SELECT id FROM orders WHERE id = 2")).columns == ("id",)
        for sql in ("DELETE FROM sales.orders", "CREATE TABLE sales.planted (a int)"):
            with pytest.raises(SqlError, match="read-only transaction"):
                database.execute(Statement(sql, database.dialect))
        with database._engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "5s"
            assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"


def test_a_unix_socket_of_mariadb(mariadb: Any) -> None:
    mariadb.new_database("socketed", live_databases.MARIADB_MODE + live_databases.SCRIPT)
    path = mariadb.socket
    mariadb.run("CREATE USER IF NOT EXISTS reader@localhost; GRANT SELECT ON *.* TO reader@localhost")
    with open_database(f"mariadb://reader@localhost/socketed?unix_socket={path}") as database:
        assert database.execute(database.prepare("SELECT COUNT(*) FROM orders")).rows == [(3,)]


def test_a_password_for_mariadb_stays_out_of_the_url(
    mariadb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb.new_database("secured", live_databases.MARIADB_MODE + live_databases.SCRIPT)
    mariadb.run(
        "CREATE USER careful@'127.0.0.1' IDENTIFIED BY 'Se%cr#t'; GRANT SELECT ON *.* TO careful@'127.0.0.1'"
    )
    url = mariadb.url("careful", "secured")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(T2sqlError, match="Access denied for user 'careful'"):
        open_database(url)
    monkeypatch.setenv("MYSQL_PWD", "Se%cr#t")
    open_database(url).close()
    monkeypatch.delenv("MYSQL_PWD")
    (tmp_path / ".my.cnf").write_text("[client]\npassword = 'Se%cr#t'\n")
    open_database(url).close()


def test_a_missing_driver_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    for scheme in ("mysql", "mariadb"):
        with pytest.raises(MissingPartError, match=r"pip install 't2sql\[mariadb\]'"):
            open_database(f"{scheme}://host/shop")
