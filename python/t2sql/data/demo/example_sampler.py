"""Examples of one split of the demo, drawn one by one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, closing

from t2sql.data.demo.databases import DemoDatabase
from t2sql.data.demo.examples import make_example
from t2sql.data.demo.query import DemoQuery
from t2sql.data.demo.query_sampler import sample_query
from t2sql.data.demo.question_writer import DemoQuestionWriter
from t2sql.data.example import Example
from t2sql.data.rng import Rng

_EMPTY_FRACTION = 0.02
"""The probability that a query is kept whose answer is nothing, zero or NULL: such answers occur in life too.
"""


def kinds_of(rng: Rng, weights: Mapping[str, int], size: int) -> list[str]:
    """Draw the kind of each of `size` examples, in random order; what rounding leaves over becomes "two"."""
    total = sum(weights.values())
    kinds = [kind for kind, weight in weights.items() for _ in range(size * weight // total)]
    return rng.shuffled([*kinds, *(["two"] * (size - len(kinds)))])


class ExampleSampler:
    """Draws examples of one split, none of them twice, with all databases used about equally often."""

    def __init__(self, rng: Rng, split: str, databases: list[DemoDatabase], stack: ExitStack) -> None:
        """Open the databases, which `stack` closes."""
        self._rng = rng
        self._split = split
        self._databases = databases
        self._writer = DemoQuestionWriter(rng, split)
        self._linked = [database for database in databases if len(database.tables) > 1]
        self._connections = {
            database.name: stack.enter_context(closing(database.connect())) for database in databases
        }
        self._uses: Counter[str] = Counter()
        self._seen: set[tuple[str, str]] = set()

    def sample(self, kind: str, example_id: str) -> Example:
        """Draw an example of a kind."""
        while True:
            pool = self._linked if kind == "subquery" else self._databases
            fewest = min(self._uses[database.name] for database in pool)
            database = self._rng.choice([d for d in pool if self._uses[d.name] <= fewest + 2])
            query = sample_query(self._rng, database, kind)
            if query is None or (database.name, query.sql()) in self._seen:
                continue
            others = (table for table in database.tables if table.name != query.table.name)
            other_phrases = tuple(column.phrase for table in others for column in table.columns)
            question = self._writer.write(query, other_phrases)
            if (database.name, question.lower()) in self._seen:
                continue
            if _has_answer(self._connections[database.name], query) or self._rng.chance(_EMPTY_FRACTION):
                break
        self._seen |= {(database.name, query.sql()), (database.name, question.lower())}
        self._uses[database.name] += 1
        sql = query.joined_sql() if self._split == "train" else query.sql()
        return make_example(example_id, database, question, sql, query.tags)


def _has_answer(connection: sqlite3.Connection, query: DemoQuery) -> bool:
    """Tell whether the query returns something other than nothing, zero and NULL."""
    with closing(connection.execute(query.sql())) as cursor:
        row = cursor.fetchone()
    return row is not None and any(value not in (None, 0) for value in row)
