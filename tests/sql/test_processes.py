"""Statements run in processes that end: in time, with t2sql, and with what they may use."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from t2sql.sql import SqlError, execute, execute_each, open_reader
from t2sql.sql.processes import PROCESSES

pytestmark = pytest.mark.slow

HANG = (
    "SELECT instr(replace(replace('aaaa', 'a', '{a}'), 'a', '{a}'), replace(replace('aa', 'a', '{a}'), 'a', "
    "'{a}') || 'b')"
).replace("{a}", "a" * 1400)
"""One call of a function, for minutes: SQLite does not look up from it."""

PARENT = """
import sys
from pathlib import Path
from t2sql.sql import execute
from t2sql.sql.processes import PROCESSES
print(execute(Path(sys.argv[1]), "SELECT 1").rows, PROCESSES._idle[0]._process.pid, flush=True)
execute(Path(sys.argv[1]), sys.argv[2], timeout=300)
"""


@pytest.fixture()
def db(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');"
        )
    return path


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def test_a_call_that_cannot_be_interrupted_is_ended(db: Path) -> None:
    began = time.monotonic()
    with pytest.raises(SqlError, match=r"it took longer than 1 s\. Allow it more time") as caught:
        execute(db, HANG, timeout=1)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - began < 30
    assert execute(db, "SELECT COUNT(*) FROM t").rows == [(2,)]


def test_it_is_cancelled(db: Path) -> None:
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    with pytest.raises(SqlError) as caught:
        execute(db, HANG, timeout=300, cancelled=gone.is_set)
    assert caught.value.kind == "cancelled"


def test_ctrl_c_ends_it(db: Path) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        execute(db, HANG, timeout=300)
    assert execute(db, "SELECT COUNT(*) FROM t").rows == [(2,)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_the_process_ends_with_t2sql_whatever_it_does(db: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(db), HANG], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline().split()[-1])
    assert is_alive(child)
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_alive(child))


def test_a_process_serves_one_statement_after_the_other(db: Path) -> None:
    with open_reader(db) as reader:
        reader.execute("SELECT a FROM t")
        process = PROCESSES._idle[-1]
        assert reader.execute("SELECT b FROM t").rows == [("x",), ("y",)]
        assert PROCESSES._idle[-1] is process


def test_a_process_that_was_killed_is_replaced(db: Path) -> None:
    execute(db, "SELECT 1")
    for process in PROCESSES._idle:
        process._process.kill()
        process._process.wait()
    assert execute(db, "SELECT a FROM t ORDER BY a").rows == [(1,), (2,)]


def test_many_statements_keep_their_order_when_one_takes_its_process_with_it(db: Path) -> None:
    with open_reader(db) as reader:
        statements = [
            "SELECT a FROM t WHERE b = 'x'",
            HANG,
            "SELECT nosuch FROM t",
            "SELECT COUNT(*) FROM t",
        ]
        results = list(execute_each([reader.task(sql, timeout=1) for sql in statements]))
    assert [getattr(result, "rows", getattr(result, "kind", None)) for result in results] == [
        [(1,)],
        "timeout",
        "unknown_column",
        [(2,)],
    ]


def test_a_file_that_another_takes_the_place_of_is_opened_again(db: Path, tmp_path: Path) -> None:
    with open_reader(db) as reader:
        assert reader.execute("SELECT COUNT(*) FROM t").rows == [(2,)]
        other = tmp_path / "other.sqlite"
        with closing(sqlite3.connect(other)) as connection:
            connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (7);")
        other.replace(db)
        assert reader.execute("SELECT a FROM t").rows == [(7,)]


def test_a_large_result_arrives_whole(db: Path) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) SELECT i, 'text' FROM n"
    assert execute(db, sql, timeout=60).rows == [(i, "text") for i in range(1, 10_000)]


def test_threads_share_the_processes(db: Path) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(execute(db, "SELECT SUM(a) FROM t", timeout=60).rows))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(3,)]] * 12


def test_a_file_in_the_current_directory_is_not_imported(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path)
    PROCESSES.close()
    assert execute(db, "SELECT 1").rows == [(1,)]
