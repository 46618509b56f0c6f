"""More questions by the demo's generator, for measuring: over tables that its splits do not have."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from t2sql.data.demo.domains import domains
from t2sql.data.demo.example_sampler import ExampleSampler, kinds_of
from t2sql.data.demo.generator import VERSION, everyday_schemas
from t2sql.data.demo.query_sampler import KIND_WEIGHTS
from t2sql.data.demo.subject_tables import subject_databases
from t2sql.data.example import Example, Splits
from t2sql.data.rng import Rng
from t2sql.progress import Progress

_PER_TABLE = 5
"""Questions about each table, as in the demo's test split."""


def generate_held_out(out: Path, count: int, *, seed: int = 0, progress: Progress | None = None) -> Splits:
    """Generate a test split of any size, and write the databases that it runs on.

    Subjects and wordings are those of valid and test, half of the questions each, which train does not have.
    The tables are other ones than those of valid and test with seed 0: other columns, orders and styles.

    Args:
        out: The new dataset's directory; databases go to its folder `db`.
        count: The number of questions.
        seed: The seed of all random choices.
        progress: Called now and then.

    Returns:
        The examples, as the split "test".
    """
    (out / "db").mkdir(parents=True, exist_ok=True)
    taken = everyday_schemas()
    examples: list[Example] = []
    for split, size in (("valid", count // 2), ("test", count - count // 2)):
        prefix = f"{VERSION}/held-out/{seed}/{split}"
        subjects = domains(split)
        each = max(4, -(-size // (_PER_TABLE * len(subjects))))
        databases = [
            database for domain in subjects for database in subject_databases(domain, each, prefix, taken)
        ]
        rng = Rng(f"{prefix}/examples")
        with ExitStack() as stack:
            sampler = ExampleSampler(rng, split, databases, stack)
            for kind in kinds_of(rng, KIND_WEIGHTS, size):
                examples.append(sampler.sample(kind, f"demo-held-out-{len(examples) + 1:04d}"))
                if progress and (len(examples) % 100 == 0 or len(examples) == count):
                    progress(len(examples), count, "held-out questions")
        used = {example.db for example in examples}
        for database in databases:
            if f"db/{database.name}.sqlite" in used:
                database.write(out / "db" / f"{database.name}.sqlite")
    shuffled = Rng(f"{VERSION}/held-out/{seed}/order").shuffled(examples)
    return {"test": [replace(e, id=f"demo-held-out-{i:04d}") for i, e in enumerate(shuffled, 1)]}
