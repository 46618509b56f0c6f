"""A dataset directory from any source: what a source's name means, and which options go with it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.data.dataset import Dataset, Example, Progress, load, new_directory, write_dataset
from t2sql.data.rng import Rng
from t2sql.errors import InputError

SOURCES = (
    '"demo", "wikisql", "wikisql:PATH", a database URL such as "sqlite:///shop.db", a directory of JSONL '
    "files or in Spider's or BIRD's layout, a .jsonl or .json file of examples, or a .sql file of CREATE "
    "TABLE statements"
)

Splits = dict[str, list[Example]]


@dataclass(frozen=True)
class Job:
    """What is asked for. `style`, `recipe`, `examples` and `private` go with some sources only."""

    source: str
    building: Path
    seed: int
    limit: int | None
    style: str | None
    recipe: Path | None
    examples: int | None
    private: bool | None
    progress: Progress | None
    warn: Callable[[str], None]


@dataclass(frozen=True)
class Made:
    splits: Splits
    source: str
    version: str | None = None


def prepare(
    source: str,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = None,
    force: bool = False,
    style: str | None = None,
    recipe: Path | None = None,
    examples: int | None = None,
    private: bool | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Dataset:
    """Make a dataset directory from a source.

    `limit` bounds the examples of each split. `style` is "sql", or for WikiSQL "tutorial"; `recipe` (a TOML
    file), `examples` (how many in all) and `private` (take values of columns that look private) are for a
    database. `warn` is told what was left out.
    """
    out = Path(out)
    if limit is not None and limit < 1:
        raise InputError("the limit is too small", expected="at least 1", found=limit)
    maker = _MAKERS[kind_of(source)]
    for name, value in (("style", style), ("recipe", recipe), ("examples", examples), ("private", private)):
        if value is not None and name not in maker.takes:
            sources = " or ".join(kind for kind, maker in _MAKERS.items() if name in maker.takes)
            raise InputError(f"--{name} does not go with this source", expected=sources, found=shown(source))
    with new_directory(out, force=force) as building:
        silent = warn or (lambda text: None)
        made = maker.make(
            Job(source, building, seed, limit, style, recipe, examples, private, progress, silent)
        )
        splits = _limited(made.splits, limit, seed)
        write_dataset(building, splits, source=made.source, version=made.version, seed=seed)
    return load(out)


def kind_of(source: str) -> str:
    """What a source's name stands for, a key of `_MAKERS`."""
    from t2sql.data.layouts import is_layout

    if source == "demo":
        return "demo"
    if source == "wikisql" or source.startswith("wikisql:"):
        return "wikisql"
    if "://" in source:
        return "a database"
    path = Path(source)
    suffix = path.suffix.lower()
    if path.is_dir():
        return "a layout" if is_layout(path) else "a directory"
    if path.is_file() and suffix in (".db", ".sqlite", ".sqlite3"):
        raise InputError("a database is named by its URL", found=source, expected=f"sqlite:///{source}")
    if path.is_file() and suffix in (".jsonl", ".json", ".sql"):
        return "a .sql file" if suffix == ".sql" else "a file"
    raise InputError("no such data source", where=shown(source), expected=SOURCES)


def content_of(source: str) -> dict[str, str]:
    """What tells whether a source on this machine has changed; nothing for one that is elsewhere."""
    kind = kind_of(source)
    if kind == "demo":
        from t2sql.data import demo

        return {"version": demo.VERSION}
    if kind == "a directory":
        return {"fingerprint": load(Path(source)).fingerprint}
    path = Path(source)
    if kind == "a database":
        from t2sql.databases import sqlite_file

        path = sqlite_file(source) or path
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def shown(source: str) -> str:
    """The source as it may be printed: a URL without its password."""
    if "://" not in source:
        return source
    from t2sql.databases import masked_url

    return masked_url(source)


def _demo(job: Job) -> Made:
    from t2sql.data import demo

    splits = demo.generate(job.building, seed=job.seed, progress=job.progress)
    return Made(splits, "demo", demo.VERSION)


def _wikisql(job: Job) -> Made:
    from t2sql.data import wikisql

    path = job.source.partition(":")[2]
    splits = wikisql.read(
        Path(path) if path else None,
        job.building,
        style=job.style or "sql",
        limit=job.limit,
        seed=job.seed,
        progress=job.progress,
    )
    return Made(splits, "wikisql", job.style or "sql")


def _database(job: Job) -> Made:
    from t2sql.data import database

    recipe = database.read_recipe(job.recipe).with_examples(job.examples)
    made = database.generate(
        job.source,
        job.building,
        recipe,
        seed=job.seed,
        with_private=bool(job.private),
        progress=job.progress,
    )
    for warning in made.warnings:
        job.warn(warning)
    return Made(made.splits, shown(job.source))


def _ddl(job: Job) -> Made:
    from t2sql.data.database import made_up

    path = Path(job.source)
    file = job.building / "made-up" / f"{path.stem}.sqlite"
    made_up.write(path, file, seed=job.seed)
    made = _database(replace(job, source=f"sqlite:///{file.resolve()}"))
    shutil.rmtree(file.parent)
    return Made(made.splits, path.name)


def _layout(job: Job) -> Made:
    from t2sql.data import layouts

    path = Path(job.source)
    splits = layouts.read(path, job.building, seed=job.seed, limit=job.limit, progress=job.progress)
    return Made(splits, path.resolve().name)


def _file(job: Job) -> Made:
    from t2sql.data.lines import read_file
    from t2sql.data.partition import partition

    path = Path(job.source)
    return Made(_styled(job, partition(read_file(path), seed=job.seed, where=path)), path.name)


def _directory(job: Job) -> Made:
    dataset = load(Path(job.source))
    splits = _limited({name: dataset.split(name) for name in dataset.counts}, job.limit, job.seed)
    for name, examples in splits.items():
        for done, example in enumerate(examples, 1):
            _copy_database(dataset, example, job.building)
            if job.progress and done % 500 == 0:
                job.progress(done, len(examples), name)
    return Made(_styled(job, splits), Path(job.source).name)


def _styled(job: Job, splits: Splits) -> Splits:
    """In the style "sql", the tutorial's text becomes SQL that runs."""
    from t2sql.data.wikisql import executable

    if job.style is None:
        return splits
    if job.style != "sql":
        raise InputError("no such style for files", expected="sql", found=repr(job.style))
    styled = {name: [executable(example) for example in found] for name, found in splits.items()}
    kept = {name: [example for example in found if example is not None] for name, found in styled.items()}
    lost = sum(map(len, styled.values())) - sum(map(len, kept.values()))
    if lost:
        job.warn(f"{lost} lines are not the tutorial's text, or mean several things: left out")
    return kept


@dataclass(frozen=True)
class _Maker:
    make: Callable[[Job], Made]
    takes: tuple[str, ...] = ()


_MAKERS = {
    "demo": _Maker(_demo),
    "wikisql": _Maker(_wikisql, ("style",)),
    "a database": _Maker(_database, ("recipe", "examples", "private")),
    "a .sql file": _Maker(_ddl, ("recipe", "examples")),
    "a layout": _Maker(_layout),
    "a file": _Maker(_file, ("style",)),
    "a directory": _Maker(_directory, ("style",)),
}


def _limited(splits: Splits, limit: int | None, seed: int) -> Splits:
    if limit is None:
        return splits
    rng = Rng(f"limit/{seed}")
    return {
        name: [examples[i] for i in sorted(rng.sample(list(range(len(examples))), min(limit, len(examples))))]
        for name, examples in splits.items()
    }


def _copy_database(dataset: Dataset, example: Example, out: Path) -> None:
    source = dataset.db_path(example)
    if source is None or example.db is None:
        return
    target = out / example.db
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
