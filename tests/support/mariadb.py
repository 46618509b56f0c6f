"""A MariaDB server of the tests' own, from binaries that are installed: started, asked, stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pymysql

_START_SECONDS = 60


def binaries() -> tuple[Path, Path] | None:
    """`mariadb-install-db` and `mariadbd`, if both are installed."""
    search = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    install, server = (shutil.which(name, path=search) for name in ("mariadb-install-db", "mariadbd"))
    return (Path(install), Path(server)) if install and server else None


class Server:
    """One server in a temporary folder; `root` is its superuser, `reader` may SELECT.

    Attributes:
        port: The TCP port on 127.0.0.1.
        socket: The Unix socket.
    """

    def __init__(self, programs: tuple[Path, Path]) -> None:
        """Make a data directory, start the server, and wait until it answers."""
        self._install, self._server = programs
        self._home = Path(tempfile.mkdtemp(prefix="t2sql-mariadb-"))
        self._data = self._home / "data"
        self._data.mkdir()
        self.socket = self._data / "socket"
        # MariaDB refuses to run as root unless it is told a user.
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            self._home.chmod(0o755)
            shutil.chown(self._data, self._user)
        subprocess.run(
            [
                *(self._install, "--no-defaults", f"--datadir={self._data}", f"--user={self._user}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            capture_output=True,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.start()
        self.run("CREATE USER reader@'127.0.0.1'; GRANT SELECT ON *.* TO reader@'127.0.0.1'")

    def start(self) -> None:
        """Start the server process and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(self._server, "--no-defaults", f"--datadir={self._data}", f"--user={self._user}"),
                *(f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"),
                *(f"--socket={self.socket}", f"--pid-file={self._data}/pid"),
                # A server that starts deletes all temporary tables of its folder, another server's too.
                f"--tmpdir={self._data}",
                *("--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"),
                *("--innodb-log-file-size=8M", "--performance-schema=OFF"),
                # MariaDB 10.11 may crash as it drops an interrupted statement's temporary table on the disk.
                *("--tmp-memory-table-size=64M", "--max-heap-table-size=64M"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except pymysql.err.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def url(self, user: str = "reader", database: str = "mysql") -> str:
        """The URL that t2sql takes for a database of this server."""
        return f"mariadb://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, script: str, database: str | None = None) -> list[Any]:
        """Run a script as the superuser, and return the rows of its last statement."""
        client_flag = pymysql.constants.CLIENT.MULTI_STATEMENTS
        connection = pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database,
            client_flag=client_flag,
            autocommit=True,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(script)
            rows = list(cursor.fetchall())
            while cursor.nextset():
                rows = list(cursor.fetchall())
            return rows

    def new_database(self, name: str, script: str) -> str:
        """A database of the script's tables; returns the URL of its reader."""
        self.run(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        self.run(script, name)
        return self.url(database=name)

    def stop(self) -> None:
        """Kill the server: whoever is connected is cut off."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)
