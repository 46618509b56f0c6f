"""The demo dataset's generator.

Valid and test are of one or two tables, and so is a part of train; the rest of train is of invented databases
of several tables. Schemas and table names of the three splits are disjoint, and so are the wordings of the
first kind. The generator is frozen: models are compared on what it makes, and a test compares its output with
a hash. Every change of a draw or of a seed's text is a new `VERSION`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from t2sql.data.demo import invented
from t2sql.data.demo.databases import DemoDatabase, fill
from t2sql.data.demo.domains import NAMING_STYLES, NAMING_WITH_SPACES, domains, make_table
from t2sql.data.demo.examples import make_example
from t2sql.data.demo.query import DemoQuery
from t2sql.data.demo.query_sampler import KIND_WEIGHTS, TRAIN_KIND_WEIGHTS, sample_query
from t2sql.data.demo.question_writer import DemoQuestionWriter
from t2sql.data.demo.world_databases import invent_database
from t2sql.data.demo.world_examples import sample_examples, world_recipe
from t2sql.data.demo.worlds import worlds
from t2sql.data.example import Example, Splits
from t2sql.data.rng import Rng
from t2sql.progress import Progress
from t2sql.schema import Schema

VERSION = "demo.4"
"""The version of the output."""

_SEED = "demo.3"
"""The random seeds of the examples of one or two tables begin with it: valid and test are those of demo.3."""

SIZES = {"train": 6000, "valid": 200, "test": 200}
"""The number of examples in each split."""

_TABLES_SIZES = {"train": 3600, "valid": 200, "test": 200}
"""The number of examples of one or two tables in each split of demo.3."""

_FROM_TABLES = 1600
"""How many of them train has, the first ones."""

_PER_WORLD = 11
"""How many examples an invented database gives."""

_TABLES_PER_SUBJECT = {"train": 8, "valid": 4, "test": 4}
_NUMBERS_WITH_PARENT = (2, 6)
_NUMBERS_WITH_SPACES = (3, 7)
"""Which of a subject's tables have a second table, and which have names with spaces: a quarter of each."""

_INVENTED_TABLES = 280
"""The number of invented tables in train: several times the everyday ones, see `invented.py`."""

_EMPTY_FRACTION = 0.02
"""The probability that a query is kept whose answer is nothing, zero or NULL: such answers occur in life too.
"""

_MOST_ATTEMPTS = 100
"""How often a table is made anew to differ from the subject's others."""


def generate(out: Path, *, seed: int = 0, progress: Progress | None = None) -> Splits:
    """Generate the dataset's examples, and write the databases that they run on.

    Args:
        out: The new dataset's directory; databases go to its folder `db`.
        seed: The seed of all random choices; the published demo has seed 0.
        progress: Called now and then.

    Returns:
        The examples of each split.
    """
    (out / "db").mkdir(parents=True, exist_ok=True)
    splits = {}
    for split in SIZES:
        databases = _databases(split, seed)
        splits[split] = _examples(split, databases, seed, progress)
        used = {example.db for example in splits[split]}
        for database in databases:
            if f"db/{database.name}.sqlite" in used:
                database.write(out / "db" / f"{database.name}.sqlite")
    others = [example.schema for split in ("valid", "test") for example in splits[split]]
    # The tutorial's own table is asked about in other places.
    taken = frozenset({"students"} | {table.name.lower() for schema in others for table in schema.tables})
    splits["train"] = _mixed(splits["train"], _world_examples(out, taken, seed, progress), seed)
    return splits


def _world_examples(out: Path, taken: frozenset[str], seed: int, progress: Progress | None) -> list[Example]:
    """Draw the examples of invented databases of several tables, and write these."""
    recipe = world_recipe()
    examples: list[Example] = []
    total = SIZES["train"] - _FROM_TABLES
    number = 0
    while len(examples) < total:
        number += 1
        rng = Rng(f"{VERSION}/{seed}/world/{number}")
        world = worlds()[number % len(worlds())]
        database = invent_database(rng, f"world_{number}", world, taken, recipe)
        database.write(out / "db" / f"{database.name}.sqlite")
        count = min(_PER_WORLD, total - len(examples))
        examples += sample_examples(rng, database, count, recipe)
        if progress and (number % 10 == 0 or len(examples) == total):
            progress(_FROM_TABLES + len(examples), SIZES["train"], "train")
    return examples


def _mixed(tables: list[Example], world: list[Example], seed: int) -> list[Example]:
    """Mix the two kinds of examples and number them."""
    mixed = Rng(f"{VERSION}/{seed}/order").shuffled([*tables, *world])
    return [replace(example, id=f"demo-train-{number:04d}") for number, example in enumerate(mixed, 1)]


def _databases(split: str, seed: int) -> list[DemoDatabase]:
    """Make several tables of each subject, no two of them with the same columns."""
    databases = []
    for domain in domains(split):
        seen: set[Schema] = set()
        while len(seen) < _TABLES_PER_SUBJECT[split]:
            number = len(seen) + 1
            styles = NAMING_WITH_SPACES if number in _NUMBERS_WITH_SPACES else NAMING_STYLES
            for attempt in range(_MOST_ATTEMPTS):
                rng = Rng(f"{_SEED}/{seed}/{split}/{domain.stem}/{number}/{attempt}")
                table = make_table(rng, domain, with_parent=number in _NUMBERS_WITH_PARENT, styles=styles)
                database = fill(rng, f"{domain.stem}_{number}", table)
                if len(table.columns) > 4 and database.schema not in seen:
                    break
            seen.add(database.schema)
            databases.append(database)
    return [*databases, *_invented_databases(seed)] if split == "train" else databases


def _invented_databases(seed: int) -> list[DemoDatabase]:
    databases = []
    for number in range(1, _INVENTED_TABLES + 1):
        # The word "coined" is part of the frozen output.
        rng = Rng(f"{_SEED}/{seed}/coined/{number}")
        with_parent = number % 4 == 0
        domain = invented.invent_domain(rng, with_parent=with_parent)
        table = make_table(rng, domain, with_parent=with_parent, styles=invented.NAMING_STYLES)
        databases.append(fill(rng, f"coined_{number}", table))
    return databases


def _examples(
    split: str, databases: list[DemoDatabase], seed: int, progress: Progress | None
) -> list[Example]:
    rng = Rng(f"{_SEED}/{seed}/{split}/examples")
    examples: list[Example] = []
    with ExitStack() as stack:
        sampler = _ExampleSampler(rng, split, databases, stack)
        kinds = _kinds(rng, split)
        kinds = kinds[:_FROM_TABLES] if split == "train" else kinds
        for number, kind in enumerate(kinds, 1):
            examples.append(sampler.sample(kind, f"demo-{split}-{number:04d}"))
            if progress and number % 100 == 0:
                progress(number, SIZES[split], split)
    return examples


def _kinds(rng: Rng, split: str) -> list[str]:
    """Return the kind of each example, in random order; what rounding leaves over becomes "two"."""
    weights = TRAIN_KIND_WEIGHTS if split == "train" else KIND_WEIGHTS
    total, size = sum(weights.values()), _TABLES_SIZES[split]
    kinds = [kind for kind, weight in weights.items() for _ in range(size * weight // total)]
    return rng.shuffled([*kinds, *(["two"] * (size - len(kinds)))])


class _ExampleSampler:
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
