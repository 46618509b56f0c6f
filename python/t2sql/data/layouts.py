"""Spider's and BIRD's layout: questions in JSON, schemas in `tables.json`, a folder of SQLite files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from t2sql.data.dataset import Example, Progress
from t2sql.data.executable import with_single_quotes
from t2sql.data.rng import Rng
from t2sql.errors import InputError
from t2sql.prompt import render_prompt
from t2sql.schema import Column, ForeignKey, Schema, Table

_QUESTIONS = {
    "train": ("train_spider.json", "train_others.json", "train/train.json", "train.json"),
    "dev": ("dev.json", "dev/dev.json"),
    "test": ("test.json", "test/test.json"),
}
_TABLES = ("tables.json", "train_tables.json", "dev_tables.json", "test_tables.json")
_DATABASES = ("database", "train_databases", "dev_databases", "test_databases", "test_database")
_FOLDERS = ("", "train", "dev", "test")
_VALID = 0.1


def is_layout(path: Path) -> bool:
    return bool(_found(path, _TABLES)) and any(
        (path / name).is_file() for names in _QUESTIONS.values() for name in names
    )


def read(
    path: Path,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, list[Example]]:
    """The examples, with the databases that they need copied to `out`/db.

    The published dev questions become test, since test is seldom published; where both are there, dev
    becomes valid. Otherwise valid is a tenth of training's databases, so that its schemas are new too.
    """
    schemas = _schemas(path)
    parts = {name: _questions(path, names) for name, names in _QUESTIONS.items()}
    if parts["test"]:
        splits = {"train": parts["train"], "valid": parts["dev"], "test": parts["test"]}
    else:
        train, valid = _held_out(parts["train"], seed)
        splits = {"train": train, "valid": valid, "test": parts["dev"]}
    rng = Rng(f"layout/{seed}")
    examples: dict[str, list[Example]] = {}
    for split, found in splits.items():
        if limit is not None:
            found = [found[i] for i in sorted(rng.sample(list(range(len(found))), min(limit, len(found))))]
        examples[split] = []
        for number, (record, where) in enumerate(found, 1):
            examples[split].append(_example(path, out, schemas, split, number, record, where))
            if progress and number % 100 == 0:
                progress(number, len(found), split)
    return {name: found for name, found in examples.items() if found}


Question = tuple[dict[str, Any], str]


def _questions(path: Path, names: tuple[str, ...]) -> list[Question]:
    found = []
    for name in names:
        file = path / name
        if file.is_file():
            records = _json(file)
            if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
                raise InputError("not a list of questions", where=file, expected='[{"question": …}, …]')
            found += [(record, f"{file}[{number}]") for number, record in enumerate(records)]
    return found


def _held_out(train: list[Question], seed: int) -> tuple[list[Question], list[Question]]:
    names = sorted({str(record.get("db_id")) for record, _ in train})
    many = max(1, round(len(names) * _VALID)) if len(names) > 1 else 0
    held = set(Rng(f"valid/{seed}").sample(names, many))
    kept = [question for question in train if str(question[0].get("db_id")) not in held]
    return kept, [question for question in train if str(question[0].get("db_id")) in held]


def _example(
    path: Path,
    out: Path,
    schemas: dict[str, Schema],
    split: str,
    number: int,
    record: dict[str, Any],
    where: str,
) -> Example:
    name, question = _text(record, "db_id", where), _text(record, "question", where)
    sql = _text(record, "query" if "query" in record else "SQL", where).strip().rstrip(";").rstrip()
    if name not in schemas:
        raise InputError(
            "the question's database has no schema", where=where, expected="one of tables.json", found=name
        )
    # BIRD tells what the question does not; a model needs it to answer.
    evidence = str(record.get("evidence") or "").strip()
    asked = f"{question} ({evidence})" if evidence else question
    schema = schemas[name]
    sql = with_single_quotes(sql, schema)
    return Example(
        id=f"{split}-{number:05d}",
        question=" ".join(asked.split()),
        schema=schema,
        sql=sql,
        db=_copied(path, out, name, where),
        source=path.resolve().name,
        prompt=render_prompt(schema, asked),
        completion=sql,
        tags=tuple(f"{key}:{record[key]}" for key in ("difficulty", "hardness") if key in record),
    )


def _copied(path: Path, out: Path, name: str, where: str) -> str | None:
    """The database's place in the dataset; None where there are no databases at all."""
    if not name or Path(name).name != name:
        raise InputError("not the name of a database", where=where, found=repr(name))
    folders = _found(path, _DATABASES)
    if not folders:
        return None
    target = out / "db" / f"{name}.sqlite"
    if not target.exists():
        files = [folder / name / f"{name}.sqlite" for folder in folders]
        source = next((file for file in files if file.is_file()), None)
        if source is None:
            raise InputError("the question's database is missing", where=where, expected=files[0])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return f"db/{name}.sqlite"


def _schemas(path: Path) -> dict[str, Schema]:
    schemas = {}
    for file in _found(path, _TABLES):
        for number, record in enumerate(_json(file)):
            try:
                schemas[str(record["db_id"])] = _schema(record)
            except (KeyError, TypeError, IndexError, ValueError) as error:
                where = f"{file}[{number}]"
                raise InputError("the schema cannot be read", where=where, found=repr(error)) from error
    return schemas


def _schema(record: dict[str, Any]) -> Schema:
    names = record["table_names_original"]
    columns = record["column_names_original"]
    types = record.get("column_types") or ["text"] * len(columns)
    keys = {i for key in record.get("primary_keys", ()) for i in (key if isinstance(key, list) else [key])}
    tables = []
    for at, name in enumerate(names):
        own = [i for i, (table, _) in enumerate(columns) if table == at]
        foreign = tuple(
            ForeignKey(columns[ours][1], names[columns[theirs][0]], columns[theirs][1])
            for ours, theirs in record.get("foreign_keys", ())
            if ours in own
        )
        tables.append(
            Table(name, tuple(Column(columns[i][1], str(types[i]).upper(), i in keys) for i in own), foreign)
        )
    return Schema(tuple(tables))


def _found(path: Path, names: tuple[str, ...]) -> list[Path]:
    files = [path / folder / name for folder in _FOLDERS for name in names]
    return [file for file in files if file.exists()]


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError("the file cannot be read", where=file, found=str(error)) from error


def _text(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"the question has no '{key}'", where=where, found=", ".join(list(record)[:6]))
    return value
