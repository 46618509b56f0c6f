"""The demo dataset: everyday tables, questions put in many ways, and SQL that runs.

Schemas, table names and phrasings of the three splits are disjoint. The generator is frozen: models are
compared on what it makes, and a test holds its output to a hash.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql.data.demo import coined
from t2sql.data.demo.databases import DemoDatabase, fill
from t2sql.data.demo.domains import STYLES, WITH_SPACES, domains, make_table
from t2sql.data.demo.phrasings import Voice
from t2sql.data.demo.queries import SHARES, TRAIN_SHARES, Query, draw
from t2sql.data.example import Example
from t2sql.data.rng import Rng
from t2sql.progress import Progress
from t2sql.prompt import render_prompt

if TYPE_CHECKING:
    from t2sql.schema import Schema

VERSION = "demo.3"
SIZES = {"train": 3600, "valid": 200, "test": 200}
VARIANTS = {"train": 8, "valid": 4, "test": 4}
WITH_PARENT = (2, 6)
SPACED = (3, 7)
"""Which of a subject's tables have a second table, and which have names with spaces."""
COINED = 280
EMPTY_SHARE = 0.02


def generate(out: Path, *, seed: int = 0, progress: Progress | None = None) -> dict[str, list[Example]]:
    """Write the databases under `out`/db and return the examples of each split."""
    (out / "db").mkdir(parents=True, exist_ok=True)
    splits = {}
    for split, size in SIZES.items():
        databases = _databases(split, seed)
        for database in databases:
            database.write(out / "db" / f"{database.name}.sqlite")
        splits[split] = _examples(split, size, databases, seed, progress)
    return splits


def _databases(split: str, seed: int) -> list[DemoDatabase]:
    """Several tables of each subject, no two with the same columns."""
    out = []
    for domain in domains(split):
        seen: set[Schema] = set()
        stem = domain["tables"][0].split("/")[0]
        while len(seen) < VARIANTS[split]:
            number = len(seen) + 1
            for attempt in range(100):
                rng = Rng(f"{VERSION}/{seed}/{split}/{stem}/{number}/{attempt}")
                styles = WITH_SPACES if number in SPACED else STYLES
                table = make_table(rng, domain, with_parent=number in WITH_PARENT, styles=styles)
                database = fill(rng, f"{stem}_{number}", table)
                if len(table.fields) > 4 and database.schema not in seen:
                    break
            seen.add(database.schema)
            out.append(database)
    return [*out, *_coined_databases(seed)] if split == "train" else out


def _coined_databases(seed: int) -> list[DemoDatabase]:
    out = []
    for number in range(1, COINED + 1):
        rng = Rng(f"{VERSION}/{seed}/coined/{number}")
        with_parent = number % 4 == 0
        domain = coined.domain(rng, with_parent=with_parent)
        table = make_table(rng, domain, with_parent=with_parent, styles=coined.STYLES)
        out.append(fill(rng, f"coined_{number}", table))
    return out


def _examples(
    split: str, size: int, databases: list[DemoDatabase], seed: int, progress: Progress | None
) -> list[Example]:
    rng = Rng(f"{VERSION}/{seed}/{split}/examples")
    shares = TRAIN_SHARES if split == "train" else SHARES
    total = sum(shares.values())
    kinds = [kind for kind, share in shares.items() for _ in range(size * share // total)]
    kinds = rng.shuffled([*kinds, *(["two"] * (size - len(kinds)))])
    linked = [database for database in databases if len(database.tables) > 1]
    open_databases = {database.name: database.connect() for database in databases}
    uses: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    examples: list[Example] = []
    try:
        for kind in kinds:
            while True:
                among = linked if kind == "subquery" else databases
                fewest = min(uses[database.name] for database in among)
                database = rng.choice([d for d in among if uses[d.name] <= fewest + 2])
                query = draw(rng, database, kind)
                if query is None or (database.name, query.sql()) in seen:
                    continue
                others = (table for table in database.tables if table.name != query.table.name)
                elsewhere = tuple(field.phrase for table in others for field in table.fields)
                question = Voice(rng, split).ask(query, elsewhere)
                if (database.name, question.lower()) in seen:
                    continue
                if _answers(open_databases[database.name], query) or rng.chance(EMPTY_SHARE):
                    break
            seen |= {(database.name, query.sql()), (database.name, question.lower())}
            uses[database.name] += 1
            examples.append(_example(split, len(examples) + 1, database, query, question))
            if progress and len(examples) % 100 == 0:
                progress(len(examples), size, split)
    finally:
        for connection in open_databases.values():
            connection.close()
    return examples


def _answers(connection: sqlite3.Connection, query: Query) -> bool:
    """Whether the query returns something other than nothing, zero and NULL."""
    with closing(connection.execute(query.sql())) as cursor:
        row = cursor.fetchone()
    return row is not None and any(value not in (None, 0) for value in row)


def _example(split: str, number: int, database: DemoDatabase, query: Query, question: str) -> Example:
    sql = query.sql()
    return Example(
        id=f"demo-{split}-{number:04d}",
        question=question,
        schema=database.schema,
        sql=sql,
        db=f"db/{database.name}.sqlite",
        source="demo",
        prompt=render_prompt(database.schema, question),
        completion=sql,
        tags=query.tags,
    )
