"""The demo dataset's generator.

Valid and test are of one or two tables, and so is a part of train; the rest of train is of invented databases
of several tables. Schemas and table names of the three splits are disjoint, and so are the wordings of the
first kind. The generator is frozen: models are compared on what it makes, and a test compares its output with
a hash. Every change of a draw or of a seed's text is a new `VERSION`.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from t2sql.data.demo import invented
from t2sql.data.demo.databases import DemoDatabase, fill
from t2sql.data.demo.domains import domains, make_table
from t2sql.data.demo.example_sampler import ExampleSampler, kinds_of
from t2sql.data.demo.query_sampler import KIND_WEIGHTS, TRAIN_KIND_WEIGHTS
from t2sql.data.demo.subject_tables import subject_databases
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
_INVENTED_TABLES = 280
"""The number of invented tables in train: several times the everyday ones, see `invented.py`."""


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


def everyday_schemas(seed: int = 0) -> frozenset[Schema]:
    """The schemas of valid and test."""
    databases = [database for split in ("valid", "test") for database in _databases(split, seed)]
    return frozenset(database.schema for database in databases)


def _databases(split: str, seed: int) -> list[DemoDatabase]:
    """Make several tables of each subject, no two of them with the same columns."""
    databases = []
    for domain in domains(split):
        count = _TABLES_PER_SUBJECT[split]
        databases += subject_databases(domain, count, f"{_SEED}/{seed}/{split}", frozenset())
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
        sampler = ExampleSampler(rng, split, databases, stack)
        kinds = _kinds(rng, split)
        kinds = kinds[:_FROM_TABLES] if split == "train" else kinds
        for number, kind in enumerate(kinds, 1):
            examples.append(sampler.sample(kind, f"demo-{split}-{number:04d}"))
            if progress and number % 100 == 0:
                progress(number, SIZES[split], split)
    return examples


def _kinds(rng: Rng, split: str) -> list[str]:
    """Return the kind of each example, in random order."""
    weights = TRAIN_KIND_WEIGHTS if split == "train" else KIND_WEIGHTS
    return kinds_of(rng, weights, _TABLES_SIZES[split])
