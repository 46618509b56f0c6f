"""What the check of statements lets through, on every database that runs here.

    python benches/statements.py

Attacks: the lines of tests/live/attacks.sql, the injections of the tests and random statements, 2,000 in all,
as a superuser. What is let through is judged by the database itself: which tables and functions it names.
Everyday: tests/live/everyday. The grammars': random walks over the grammars of 100 random typed schemas.
DuckDB, PostgreSQL and MariaDB are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

# The tests' databases and generators.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import injections, live_databases, mariadb, postgres, reach
from support.grammars import sample
from support.random_statements import Writer
from support.typed_schemas import typed_schema

from t2sql.grammar import Width, grammar_of
from t2sql.live import Limits, LiveDatabase, open_database
from t2sql.sql import SqlError

LIVE = Path(__file__).parent.parent / "tests" / "live"
FILES = {"sqlite": "sqlite", "duckdb": "duckdb", "postgres": "postgresql", "mariadb": "mariadb"}
DIALECTS = {**{kind: kind for kind in FILES}, "mariadb": "mysql"}
LIMITS = Limits(timeout=10)


@dataclass
class Servers:
    """The servers of the tests, in the place of pytest's fixtures."""

    running: dict[str, Any]

    def getfixturevalue(self, kind: str) -> Any:
        """The server of a kind."""
        return self.running[kind]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attempts", type=int, default=2000)
    parser.add_argument("--schemas", type=int, default=100)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="t2sql-statements-"))
    os.environ["T2SQL_CACHE"] = str(folder / "cache")
    servers = Servers({})
    try:
        if programs := postgres.binaries():
            servers.running["postgres"] = postgres.Server(programs)
        if maria := mariadb.binaries():
            servers.running["mariadb"] = mariadb.Server(maria)
        kinds = ["sqlite", "duckdb", *servers.running]
        print(
            f"{'':12}{'attempts':>10}{'let through':>13}{'beyond':>8}{'everyday':>12}"
            f"{'narrow':>12}{'wide':>12}"
        )
        for kind in kinds:
            made = _maker(kind, folder, servers)
            through, beyond = attacked(kind, servers, options.attempts, folder)
            everyday = ran_everyday(kind, made)
            narrow, wide = (ran_grammar(kind, made, options.schemas, width) for width in get_args(Width))
            print(
                f"{kind:12}{options.attempts:>10}{through:>13}{beyond:>8}{everyday:>12}{narrow:>12}{wide:>12}",
                flush=True,
            )
    finally:
        for server in servers.running.values():
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _maker(kind: str, folder: Path, servers: Servers) -> Callable[[str], str]:
    return lambda script: live_databases.make(kind, folder, servers, script)


def attempts(count: int, planted: str) -> Iterator[str]:
    """So many attacks: those written by hand, then random ones."""
    written = live_databases.read_statements(LIVE / "attacks.sql")
    written += injections.statements(planted)
    written += [sql for text in injections.TEXTS for sql in injections.quoting(text)]
    writer = Writer(7)
    yield from written[:count]
    for _ in range(count - len(written)):
        yield writer.statement()


def attacked(kind: str, servers: Servers, count: int, folder: Path) -> tuple[int, int]:
    """How many attacks are let through, and how many of them reach beyond the schema; each is printed."""
    through = beyond = 0
    planted = folder / "planted"
    with reach.opened(kind, folder, servers) as (database, unexpected):
        for sql, _, found in reach.judged(database, unexpected, attempts(count, str(planted))):
            through += 1
            if found:
                beyond += 1
                print(f"{kind}: {sql} reaches {', '.join(sorted(found))}")
    return through, beyond + planted.exists()


def ran(database: LiveDatabase, statements: list[str]) -> int:
    """How many statements run; the others are printed."""
    count, schema = 0, database.schema()
    for sql in statements:
        try:
            database.execute(database.prepare(sql, schema), LIMITS)
            count += 1
        except SqlError as error:
            print(f"{database.dialect}: {sql}: {error.found}")
    return count


def ran_everyday(kind: str, made: Callable[[str], str]) -> str:
    """How many of the everyday statements run."""
    statements = live_databases.read_statements(LIVE / "everyday" / f"{FILES[kind]}.sql")
    with open_database(made((LIVE / "everyday" / "schema.sql").read_text(encoding="utf-8"))) as database:
        return f"{ran(database, statements)} of {len(statements)}"


def ran_grammar(kind: str, made: Callable[[str], str], schemas: int, width: Width) -> str:
    """How many statements that the grammars of random schemas allow run, five of each."""
    count = 0
    for seed in range(schemas):
        typed = typed_schema(seed, DIALECTS[kind])
        with open_database(made(";\n".join(typed.script))) as database:
            grammar, draw = grammar_of(database.schema(), width=width), random.Random(seed)
            count += ran(database, [sample(grammar, draw).strip() for _ in range(5)])
    return f"{count} of {5 * schemas}"


if __name__ == "__main__":
    main()
