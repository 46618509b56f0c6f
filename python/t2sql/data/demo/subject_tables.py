"""Tables of the demo's everyday subjects."""

from __future__ import annotations

from collections.abc import Collection

from t2sql.data.demo.databases import DemoDatabase, fill
from t2sql.data.demo.domains import NAMING_STYLES, NAMING_WITH_SPACES, Domain, make_table
from t2sql.data.rng import Rng
from t2sql.schema import Schema

_MOST_ATTEMPTS = 100
"""How often a table is made anew to differ from others."""


def subject_databases(domain: Domain, count: int, seed: str, taken: Collection[Schema]) -> list[DemoDatabase]:
    """Make databases of a subject, no two of them with the same tables and columns.

    Of four of them one has a second table, and one has names with spaces.

    Args:
        domain: The subject.
        count: How many; there are fewer where the subject has no more.
        seed: What the seeds of all random choices begin with.
        taken: Schemas that none of them may have.
    """
    databases: list[DemoDatabase] = []
    seen = set(taken)
    for number in range(1, count + 1):
        styles = NAMING_WITH_SPACES if number % 4 == 3 else NAMING_STYLES
        for attempt in range(_MOST_ATTEMPTS):
            rng = Rng(f"{seed}/{domain.stem}/{number}/{attempt}")
            table = make_table(rng, domain, with_parent=number % 4 == 2, styles=styles)
            database = fill(rng, f"{domain.stem}_{number}", table)
            if len(table.columns) > 4 and database.schema not in seen:
                seen.add(database.schema)
                databases.append(database)
                break
    return databases
