"""The sources that a dataset can be made from, and how each is read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from t2sql import databases, remembered
from t2sql.bounds import check_count
from t2sql.data import demo, synthesis, wikisql
from t2sql.data.example import REMEMBERED_TAG, Example, Splits
from t2sql.data.example_files import read_examples, with_databases
from t2sql.data.left_out import LeftOut
from t2sql.data.partition import partition
from t2sql.data.reading import DataSource, SourceContent, Task
from t2sql.data.rng import Rng
from t2sql.data.source_kinds import SourceKind, kind_of, masked_source
from t2sql.data.spider import read_spider
from t2sql.data.split_files import find_split_files
from t2sql.errors import InputError

_MOST_HELD_OUT = 5000
"""Questions that `data demo --examples` makes at most: its subjects have no more tables."""


def source_state(source: str) -> dict[str, str]:
    """Return what changes when a source on this machine changes; nothing for a source that is elsewhere.

    Raises:
        InputError: There is no such source.
    """
    kind = kind_of(source)
    if kind == "demo":
        return {"version": demo.VERSION}
    path = Path(source)
    if kind == "a directory":
        files = [file for split in find_split_files(path).values() for file in split]
        folder = path / "db"
        files += sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
        lines = (f"{file.relative_to(path)}\0{_sha256(file)}\n" for file in files)
        return {"fingerprint": hashlib.sha256("".join(lines).encode()).hexdigest()}
    if kind == "a database":
        path = databases.sqlite_file(source) or path
    if not path.is_file():
        return {}
    return {"sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror) from None


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
        "strict": source.strict,
        "with-remembered": source.remembered,
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
    count = task.source.examples
    if count is None:
        splits = demo.generate(task.folder, seed=task.seed, progress=task.progress)
        return SourceContent(splits, "demo", demo.VERSION)
    check_count("examples", count, _MOST_HELD_OUT)
    splits = demo.generate_held_out(task.folder, count, seed=task.seed, progress=task.progress)
    return SourceContent(splits, "demo", f"{demo.VERSION} held out")


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
    generated = _synthesize(task, task.source.name)
    splits = generated.splits
    if task.source.remembered is not False:
        tables = synthesis.read_recipe(task.source.recipe).prompt_tables
        answers = remembered.RememberedStore(task.source.name).answers()
        joined = synthesis.with_remembered(generated, answers, task.folder, tables, task.seed)
        splits = joined.splits
        if warning := joined.warning():
            task.warn(warning)
    return SourceContent(splits, masked_source(task.source.name))


def _read_ddl(task: Task) -> SourceContent:
    path = Path(task.source.name)
    file = task.folder / "synthetic" / f"{path.name.partition('.')[0]}.sqlite"
    synthesis.write_synthetic_rows(path, file, seed=task.seed)
    splits = _synthesize(task, f"sqlite:///{file.resolve()}").splits
    shutil.rmtree(file.parent)
    return SourceContent(splits, path.name)


def _synthesize(task: Task, url: str) -> synthesis.Generated:
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
    return generated


def _read_spider(task: Task) -> SourceContent:
    path = Path(task.source.name)
    left_out = LeftOut(strict=bool(task.source.strict))
    splits = read_spider(
        path, task.folder, left_out, seed=task.seed, limit=task.limit, progress=task.progress
    )
    _warn(task, left_out)
    return SourceContent(splits, path.resolve().name)


def _read_file(task: Task) -> SourceContent:
    path = Path(task.source.name)
    left_out = LeftOut(strict=bool(task.source.strict))
    stem = path.name.partition(".")[0]
    examples = read_examples(path, stem, stem, left_out)
    if not examples:
        raise InputError("no example in the file", where=path, expected="at least 3")
    examples = with_databases(examples, path.parent, task.folder, left_out)
    _warn(task, left_out)
    splits = partition(examples, seed=task.seed, where=path)
    return SourceContent(_apply_style(task, splits), path.name)


def _read_directory(task: Task) -> SourceContent:
    path = Path(task.source.name)
    left_out = LeftOut(strict=bool(task.source.strict))
    splits: Splits = {}
    for name, files in find_split_files(path).items():
        examples: list[Example] = []
        for file in files:
            # The hub cuts a split into several files.
            prefix = name or file.name.partition(".")[0]
            part = f"{prefix}-{file.name.partition('.')[0]}" if len(files) > 1 else prefix
            examples += read_examples(file, part, path.resolve().name, left_out)
            if task.progress:
                task.progress(len(examples), len(examples), name or "examples")
        if not examples:
            raise InputError(f"the {name} split is empty", where=files[0], expected="at least one line")
        splits[name] = with_databases(examples, path, task.folder, left_out)
    _warn(task, left_out)
    if "" in splits:
        splits = partition(splits[""], seed=task.seed, where=path)
    splits = limited(splits, task.limit, task.seed)
    return SourceContent(_apply_style(task, splits), path.resolve().name)


def _warn(task: Task, left_out: LeftOut) -> None:
    if warning := left_out.warning():
        task.warn(warning)


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
    "demo": _Reader(_read_demo, ("examples",)),
    "wikisql": _Reader(_read_wikisql, ("style",)),
    "a database": _Reader(_read_database, ("recipe", "examples", "private", "with-remembered")),
    "a .sql file": _Reader(_read_ddl, ("recipe", "examples")),
    "a layout": _Reader(_read_spider, ("strict",)),
    "a file": _Reader(_read_file, ("style", "strict")),
    "a directory": _Reader(_read_directory, ("style", "strict")),
}


def limited(splits: Splits, limit: int | None, seed: int) -> Splits:
    """Return a random sample of at most `limit` examples of each split, in their order.

    Answers that the user confirmed are taken before others.
    """
    if limit is None:
        return splits
    rng = Rng(f"limit/{seed}")
    sampled = {}
    for name, examples in splits.items():
        known = [example for example in examples if REMEMBERED_TAG in example.tags][:limit]
        others = [example for example in examples if REMEMBERED_TAG not in example.tags]
        sampled[name] = [*rng.sample_in_order(others, limit - len(known)), *known]
    return sampled
