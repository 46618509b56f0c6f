"""Spider's and BIRD's layout: questions in JSON, schemas in `tables.json`, a folder of SQLite files.

Spider: https://yale-lily.github.io/spider. BIRD: https://bird-bench.github.io.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.data.example import Example, Splits, with_evidence
from t2sql.data.left_out import LeftOut
from t2sql.data.record import Record
from t2sql.data.record_files import read_json
from t2sql.data.rng import Rng
from t2sql.errors import InputError
from t2sql.progress import Progress
from t2sql.prompt import render_prompt
from t2sql.schema import Column, ForeignKey, Schema, Table
from t2sql.sql import with_single_quotes

_QUESTION_FILES = {
    "train": ("train_spider.json", "train_others.json", "train/train.json", "train.json"),
    "dev": ("dev.json", "dev/dev.json"),
    "test": ("test.json", "test/test.json"),
}
_TABLE_FILES = ("tables.json", "train_tables.json", "dev_tables.json", "test_tables.json")
_DATABASE_FOLDERS = ("database", "train_databases", "dev_databases", "test_databases", "test_database")
_FOLDERS = ("", "train", "dev", "test")

_VALID_FRACTION = 0.1
"""The fraction of the training databases that becomes valid where a layout has no test questions."""


@dataclass(frozen=True)
class LayoutQuestion:
    """A question as the layout has it.

    Attributes:
        database: The name of its database (`db_id`).
        text: The question, with BIRD's evidence in parentheses.
        evidence: That evidence alone; "" where there is none.
        sql: The gold statement, without its semicolon.
        tags: How difficult the data set says it is.
        where: The file and the index in it, for error messages.
        number: Its id in the file (`question_id`); None where it has none.
    """

    database: str
    text: str
    sql: str
    tags: tuple[str, ...]
    where: str
    number: str | None
    evidence: str = ""


def is_spider_layout(path: Path) -> bool:
    """Tell whether a directory has table files and question files as Spider or BIRD name them."""
    return bool(_existing(path, _TABLE_FILES)) and any(
        (path / name).is_file() for names in _QUESTION_FILES.values() for name in names
    )


def read_spider(
    path: Path,
    out: Path,
    left_out: LeftOut,
    *,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Splits:
    """Read the examples, and copy the databases that they need to `out`/db.

    The published dev questions become test, since the test questions are seldom published; where both exist,
    dev becomes valid. Otherwise the questions of a tenth of training's databases become valid, so that the
    schemas of valid are not trained on.

    Args:
        path: The data set's directory.
        out: The directory of the new dataset.
        left_out: Counts the questions that cannot be read, or that lack their schema or their database.
        seed: Decides which databases become valid, and which examples a limit takes.
        limit: The most examples of each split.
        progress: Called now and then.

    Raises:
        InputError: A file cannot be read, or none of its questions.
    """
    schemas = read_schemas(path)
    published = {part: read_questions(path, part, left_out) for part in _QUESTION_FILES}
    if published["test"]:
        splits = {"train": published["train"], "valid": published["dev"], "test": published["test"]}
    else:
        train, valid = _split_by_database(published["train"], seed)
        splits = {"train": train, "valid": valid, "test": published["dev"]}
    rng = Rng(f"layout/{seed}")
    copier = _DatabaseCopier(path, out)
    examples: Splits = {}
    for split, questions in splits.items():
        if limit is not None:
            questions = rng.sample_in_order(questions, limit)
        examples[split] = []
        before = left_out.count
        for number, question in enumerate(questions, 1):
            with left_out.line():
                schema = _schema_of(question, schemas)
                db = copier.copy(question)
                example_id = f"{split}-{number:05d}"
                examples[split].append(_example(example_id, path.resolve().name, question, schema, db))
            if progress and number % 100 == 0:
                progress(number, len(questions), split)
        left_out.check_some(len(examples[split]), before)
    return {name: part for name, part in examples.items() if part}


def read_questions(path: Path, part: str, left_out: LeftOut) -> list[LayoutQuestion]:
    """Read the questions of train, dev or test; none where the file is not there.

    Raises:
        InputError: A file cannot be read, or none of its questions.
    """
    questions = []
    for name in _QUESTION_FILES[part]:
        file = path / name
        if file.is_file():
            values = read_json(file)
            if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
                raise InputError("not a list of questions", where=file, expected='[{"question": …}, …]')
            before = left_out.count
            for index, value in enumerate(values):
                with left_out.line():
                    questions.append(_question(Record(value, f"{file}[{index}]", what="question")))
            left_out.check_some(len(questions), before)
    return questions


def _question(record: Record) -> LayoutQuestion:
    database, text = record.text("db_id"), record.text("question")
    sql = record.text("query" if "query" in record.fields else "SQL").strip().rstrip(";").rstrip()
    # BIRD's evidence says what the question leaves out; a model needs it to answer.
    evidence = str(record.fields.get("evidence") or "").strip()
    text = with_evidence(text, evidence)
    tags = tuple(f"{key}:{record.fields[key]}" for key in ("difficulty", "hardness") if key in record.fields)
    number = record.fields.get("question_id")
    number = None if number is None else str(number)
    return LayoutQuestion(database, text, sql, tags, record.where, number, " ".join(evidence.split()))


def _split_by_database(
    train: list[LayoutQuestion], seed: int
) -> tuple[list[LayoutQuestion], list[LayoutQuestion]]:
    """Return the questions of most databases, and those of the databases that become valid."""
    names = sorted({question.database for question in train})
    count = max(1, round(len(names) * _VALID_FRACTION)) if len(names) > 1 else 0
    chosen = set(Rng(f"valid/{seed}").sample(names, count))
    return (
        [question for question in train if question.database not in chosen],
        [question for question in train if question.database in chosen],
    )


def _schema_of(question: LayoutQuestion, schemas: dict[str, Schema]) -> Schema:
    if question.database not in schemas:
        raise InputError(
            "the question's database has no schema",
            where=question.where,
            expected="one of tables.json",
            found=question.database,
        )
    return schemas[question.database]


def _example(
    example_id: str, source: str, question: LayoutQuestion, schema: Schema, db: str | None
) -> Example:
    sql = with_single_quotes(question.sql, schema)
    return Example(
        id=example_id,
        question=" ".join(question.text.split()),
        schema=schema,
        sql=sql,
        db=db,
        source=source,
        prompt=render_prompt(schema, question.text),
        completion=sql,
        tags=question.tags,
        evidence=question.evidence,
    )


class _DatabaseCopier:
    """Copies databases of the layout into the new dataset, each once."""

    def __init__(self, path: Path, out: Path) -> None:
        self._folders = _existing(path, _DATABASE_FOLDERS)
        self._out = out

    def copy(self, question: LayoutQuestion) -> str | None:
        """Return the database's path relative to the dataset; None if the layout has no databases at all."""
        name = question.database
        if Path(name).name != name:
            raise InputError("not the name of a database", where=question.where, found=repr(name))
        if not self._folders:
            return None
        target = self._out / "db" / f"{name}.sqlite"
        if not target.exists():
            files = [folder / name / f"{name}.sqlite" for folder in self._folders]
            source = next((file for file in files if file.is_file()), None)
            if source is None:
                raise InputError(
                    "the question's database is missing", where=question.where, expected=files[0]
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        return f"db/{name}.sqlite"


def table_files(path: Path) -> list[Path]:
    """The files with schemas, `tables.json` by most names."""
    return _existing(path, _TABLE_FILES)


def database_folders(path: Path) -> list[Path]:
    """The folders of databases, each of which has a folder of its own."""
    return _existing(path, _DATABASE_FOLDERS)


def read_schemas(path: Path) -> dict[str, Schema]:
    """Read the schema of each database by its name.

    Raises:
        InputError: A file cannot be read.
    """
    schemas = {}
    for file in table_files(path):
        values: Any = read_json(file)
        if not isinstance(values, list):
            raise InputError("not a list of schemas", where=file, expected='[{"db_id": …}, …]')
        for index, value in enumerate(values):
            try:
                schemas[str(value["db_id"])] = _schema(value)
            except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
                where = f"{file}[{index}]"
                raise InputError("the schema cannot be read", where=where, found=repr(error)) from error
    return schemas


def _schema(entry: dict[str, Any]) -> Schema:
    """Read an entry of `tables.json`, whose columns are numbered across all tables."""
    table_names = entry["table_names_original"]
    columns = entry["column_names_original"]
    types = entry.get("column_types") or ["text"] * len(columns)
    # A composite key is a list of numbers in some releases.
    primary_key = {
        i for key in entry.get("primary_keys", ()) for i in (key if isinstance(key, list) else [key])
    }
    tables = []
    for table_index, name in enumerate(table_names):
        own = [i for i, (column_table, _) in enumerate(columns) if column_table == table_index]
        foreign_keys = tuple(
            ForeignKey(columns[child][1], table_names[columns[parent][0]], columns[parent][1])
            for child, parent in entry.get("foreign_keys", ())
            if child in own
        )
        own_columns = tuple(Column(columns[i][1], str(types[i]).upper(), i in primary_key) for i in own)
        tables.append(Table(name, own_columns, foreign_keys))
    return Schema(tuple(tables))


def _existing(path: Path, names: tuple[str, ...]) -> list[Path]:
    files = [path / folder / name for folder in _FOLDERS for name in names]
    return [file for file in files if file.exists()]
