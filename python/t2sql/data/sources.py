"""The sources that a dataset can be made from, and how each is read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from t2sql import databases
from t2sql.data import demo, synthesis, wikisql
from t2sql.data.dataset import Dataset, load
from t2sql.data.example import Example, Splits
from t2sql.data.partition import partition
from t2sql.data.records import read_file
from t2sql.data.rng import Rng
from t2sql.data.spider import is_spider_layout, read_spider
from t2sql.errors import InputError
from t2sql.progress import Progress

SOURCES = (
    '"demo", "wikisql", "wikisql:PATH", a database URL such as "sqlite:///shop.db", a directory of JSONL '
    "files or in Spider's or BIRD's layout, a .jsonl or .json file of examples, or a .sql file of CREATE "
    "TABLE statements"
)
"""What a source may be, for error messages."""

SourceKind: TypeAlias = Literal[
    "demo", "wikisql", "a database", "a .sql file", "a layout", "a file", "a directory"
]
"""What a source's name stands for, in the words of error messages."""


@dataclass(frozen=True)
class DataSource:
    """A source, and the options that only some sources have; None where an option is not given.

    Attributes:
        name: The source as the command line takes it; see `SOURCES`.
        style: WikiSQL and files: "sql" for statements that run, or for WikiSQL "tutorial" for its text.
        recipe: Databases and .sql files: a TOML file that says what to generate.
        examples: Databases and .sql files: the number of examples to generate, all splits together.
        private: Databases: whether to use the values of columns that look private.
    """

    name: str
    style: str | None = None
    recipe: Path | None = None
    examples: int | None = None
    private: bool | None = None


@dataclass(frozen=True)
class Task:
    """A source that is to be read into a new dataset's directory.

    Attributes:
        source: The source and its options.
        folder: The directory; databases go to its folder `db`.
        seed: The seed of all random choices.
        limit: The most examples of each split; a source may return more.
        progress: Called now and then.
        warn: Called with a sentence about what was left out.
    """

    source: DataSource
    folder: Path
    seed: int
    limit: int | None
    progress: Progress | None
    warn: Callable[[str], None]


@dataclass(frozen=True)
class SourceContent:
    """What was read from a source.

    Attributes:
        splits: The examples.
        source: The source's name for `dataset.json`.
        version: Its version or style, if it has one.
    """

    splits: Splits
    source: str
    version: str | None = None


def kind_of(source: str) -> SourceKind:
    """Tell what a source's name stands for.

    Raises:
        InputError: It stands for nothing, or for a database file that has to be given as a URL.
    """
    if source == "demo":
        return "demo"
    if source == "wikisql" or source.startswith("wikisql:"):
        return "wikisql"
    if "://" in source:
        return "a database"
    path = Path(source)
    suffix = path.suffix.lower()
    if path.is_dir():
        return "a layout" if is_spider_layout(path) else "a directory"
    if path.is_file() and suffix in (".db", ".sqlite", ".sqlite3"):
        raise InputError("a database is named by its URL", found=source, expected=f"sqlite:///{source}")
    if path.is_file() and suffix in (".jsonl", ".json", ".sql"):
        return "a .sql file" if suffix == ".sql" else "a file"
    raise InputError("no such data source", where=masked_source(source), expected=SOURCES)


def source_state(source: str) -> dict[str, str]:
    """Return what changes when a source on this machine changes; nothing for a source that is elsewhere.

    Raises:
        InputError: There is no such source.
    """
    kind = kind_of(source)
    if kind == "demo":
        return {"version": demo.VERSION}
    if kind == "a directory":
        return {"fingerprint": load(Path(source)).fingerprint}
    path = Path(source)
    if kind == "a database":
        path = databases.sqlite_file(source) or path
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def masked_source(source: str) -> str:
    """Return the source as it may be printed: a URL without its password.

    Raises:
        InputError: The source looks like a URL and is none.
    """
    return databases.masked_url(source) if "://" in source else source


def check_options(source: DataSource) -> None:
    """Refuse a source that does not exist, and options that its kind does not have.

    Raises:
        InputError: There is no such source, or an option does not go with it.
    """
    reader = _READERS[kind_of(source.name)]
    given = {
        "style": source.style,
        "recipe": source.recipe,
        "examples": source.examples,
        "private": source.private,
    }
    for option, value in given.items():
        if value is not None and option not in reader.options:
            expected = " or ".join(kind for kind, other in _READERS.items() if option in other.options)
            raise InputError(
                f"--{option} does not go with this source",
                expected=expected,
                found=masked_source(source.name),
            )


def read_source(task: Task) -> SourceContent:
    """Read a source of any kind, whose options `check_options` accepts.

    Raises:
        InputError: The source cannot be read.
        WorkError: A download failed.
    """
    return _READERS[kind_of(task.source.name)].read(task)


def _read_demo(task: Task) -> SourceContent:
    splits = demo.generate(task.folder, seed=task.seed, progress=task.progress)
    return SourceContent(splits, "demo", demo.VERSION)


def _read_wikisql(task: Task) -> SourceContent:
    path = task.source.name.partition(":")[2]
    style = task.source.style or "sql"
    splits = wikisql.read(
        Path(path) if path else None,
        task.folder,
        style=style,
        limit=task.limit,
        seed=task.seed,
        progress=task.progress,
    )
    return SourceContent(splits, "wikisql", style)


def _read_database(task: Task) -> SourceContent:
    return SourceContent(_synthesize(task, task.source.name), masked_source(task.source.name))


def _read_ddl(task: Task) -> SourceContent:
    path = Path(task.source.name)
    file = task.folder / "synthetic" / f"{path.stem}.sqlite"
    synthesis.write_synthetic_rows(path, file, seed=task.seed)
    splits = _synthesize(task, f"sqlite:///{file.resolve()}")
    shutil.rmtree(file.parent)
    return SourceContent(splits, path.name)


def _synthesize(task: Task, url: str) -> Splits:
    recipe = synthesis.read_recipe(task.source.recipe).with_examples(task.source.examples)
    generated = synthesis.generate(
        url,
        task.folder,
        recipe,
        seed=task.seed,
        with_private=bool(task.source.private),
        progress=task.progress,
    )
    for warning in generated.warnings:
        task.warn(warning)
    return generated.splits


def _read_spider(task: Task) -> SourceContent:
    path = Path(task.source.name)
    splits = read_spider(path, task.folder, seed=task.seed, limit=task.limit, progress=task.progress)
    return SourceContent(splits, path.resolve().name)


def _read_file(task: Task) -> SourceContent:
    path = Path(task.source.name)
    splits = partition(read_file(path), seed=task.seed, where=path)
    dataset = Dataset(path.parent, splits)
    for examples in splits.values():
        for example in examples:
            _copy_database(dataset, example, task.folder)
    return SourceContent(_apply_style(task, splits), path.name)


def _read_directory(task: Task) -> SourceContent:
    dataset = load(Path(task.source.name))
    splits = limited({name: dataset.split(name) for name in dataset.counts}, task.limit, task.seed)
    for name, examples in splits.items():
        for done, example in enumerate(examples, 1):
            _copy_database(dataset, example, task.folder)
            if task.progress and done % 500 == 0:
                task.progress(done, len(examples), name)
    return SourceContent(_apply_style(task, splits), Path(task.source.name).name)


def _apply_style(task: Task, splits: Splits) -> Splits:
    """In the style "sql", turn the tutorial's text into statements that run."""
    if task.source.style is None:
        return splits
    if task.source.style != "sql":
        raise InputError("no such style for files", expected="sql", found=repr(task.source.style))
    styled: Splits = {}
    for name, examples in splits.items():
        converted = (wikisql.executable(example) for example in examples)
        styled[name] = [example for example in converted if example is not None]
    lost = sum(map(len, splits.values())) - sum(map(len, styled.values()))
    if lost:
        task.warn(f"{lost} lines are not the tutorial's text, or have several meanings: left out")
    return styled


@dataclass(frozen=True)
class _Reader:
    """How a kind of source is read, and which options of `DataSource` it has."""

    read: Callable[[Task], SourceContent]
    options: tuple[str, ...] = ()


_READERS: dict[SourceKind, _Reader] = {
    "demo": _Reader(_read_demo),
    "wikisql": _Reader(_read_wikisql, ("style",)),
    "a database": _Reader(_read_database, ("recipe", "examples", "private")),
    "a .sql file": _Reader(_read_ddl, ("recipe", "examples")),
    "a layout": _Reader(_read_spider),
    "a file": _Reader(_read_file, ("style",)),
    "a directory": _Reader(_read_directory, ("style",)),
}


def limited(splits: Splits, limit: int | None, seed: int) -> Splits:
    """Return a random sample of at most `limit` examples of each split, in their order."""
    if limit is None:
        return splits
    rng = Rng(f"limit/{seed}")
    return {name: rng.sample_in_order(examples, limit) for name, examples in splits.items()}


def _copy_database(dataset: Dataset, example: Example, folder: Path) -> None:
    source = dataset.db_path(example)
    if source is None or example.db is None:
        return
    target = folder / example.db
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
