"""A PostgreSQL server of the tests' own, from binaries that are installed: started, asked, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

_START_SECONDS = 60


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, if there is one."""
    found = [Path(p).resolve().parent for p in (shutil.which("initdb"),) if p]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in found if (f / "initdb").exists() and (f / "postgres").exists()), None)


class Server:
    """One server in a temporary folder; `owner` is its superuser, `reader` may SELECT."""

    def __init__(self, folder: Path) -> None:
        self._bin = folder
        self._home = Path(tempfile.mkdtemp(prefix="t2sql-postgres-"))
        self._data = self._home / "data"
        self._data.mkdir()
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            import pwd

            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            self._home.chmod(0o755)
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
        subprocess.run(
            [
                *(folder / "initdb", "-D", self._data, "-U", "owner", "-A", "trust", "--no-sync"),
                *("-E", "UTF8", "--locale=C", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            cwd=self._data,
            **self._as,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()
        self.run("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader;")

    def start(self) -> None:
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F", "-c", "shared_buffers=16MB"]
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", self._data, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._data,
            **self._as,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except Exception:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def url(self, user: str = "reader", database: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, script: str, database: str = "postgres") -> list[Any]:
        """Run a script as the superuser, and return the rows of its last statement."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=owner dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(script)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def new_database(self, name: str, script: str) -> str:
        """A database of the script's tables; returns the URL of its reader."""
        self.run(f'CREATE DATABASE "{name}"')
        self.run(script, name)
        return self.url(database=name)

    def stop(self) -> None:
        """As `pg_ctl stop -m immediate` does: whoever is connected is cut off."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)
