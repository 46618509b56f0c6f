"""The demo dataset is frozen, fair, and made of SQL that runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from t2sql import data, sql
from t2sql.data import SPLITS, Dataset, Example
from t2sql.data.demo.domains import domains
from t2sql.data.demo.question_writer import templates
from t2sql.databases import open_engine, read_schema

pytestmark = pytest.mark.slow

# What `data demo` writes with seed 0: the three split files, and every row of every database.
FROZEN_LINES = "9c3b78e127aced67ebc1637876a053874eb6baa62412553a5e16ebdbeb87537f"
FROZEN_ROWS = "7aa4f454c4e18e0fadef9d940f18222b3c3300b1457840c6bb7a612241fc445b"


def of_tables(demo: Dataset, split: str) -> list[Example]:
    """The examples of one or two tables: all but those over invented databases."""
    return [example for example in demo.split(split) if "relational" not in example.tags]


def lines_hash(path: Path) -> str:
    return hashlib.sha256(b"".join((path / f"{name}.jsonl").read_bytes() for name in SPLITS)).hexdigest()


def rows_hash(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.glob("db/*.sqlite")):
        with closing(sqlite3.connect(file)) as connection:
            for name, ddl in connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall():
                rows = connection.execute(f"SELECT * FROM {sql.quote(name)}").fetchall()
                digest.update(repr((file.name, ddl, rows)).encode())
    return digest.hexdigest()


def test_the_frozen_output_has_not_changed(demo: Dataset) -> None:
    assert lines_hash(demo.path) == FROZEN_LINES
    assert rows_hash(demo.path) == FROZEN_ROWS


def test_hash_order_locale_and_clock_do_not_matter(demo: Dataset, tmp_path: Path) -> None:
    code = "import sys, pathlib; from t2sql import data; data.prepare('demo', pathlib.Path(sys.argv[1]))"
    other = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "again")], check=True, env={**os.environ, **other}
    )
    assert lines_hash(tmp_path / "again") == lines_hash(demo.path)
    again = data.load(tmp_path / "again")
    assert again.fingerprint == demo.fingerprint


def test_another_seed_gives_another_dataset(demo: Dataset, tmp_path: Path) -> None:
    other = data.prepare("demo", tmp_path / "other", seed=1, limit=30)
    assert other.counts == {"train": 30, "valid": 30, "test": 30}
    shared = {e.question for e in other.test} & {e.question for e in demo.test}
    # "How many nurses are there?" may well be asked again.
    assert len(shared) < 5


def test_there_are_6000_200_and_200_examples_and_none_twice(demo: Dataset) -> None:
    assert demo.counts == {"train": 6000, "valid": 200, "test": 200}
    assert len(of_tables(demo, "train")) == 1600
    for name in SPLITS:
        examples = demo.split(name)
        assert len({example.id for example in examples}) == len(examples)
        assert len({(example.question, example.schema) for example in examples}) == len(examples)
        assert len({(example.sql, example.schema) for example in examples}) == len(examples)


def test_every_gold_statement_runs_and_few_return_nothing(demo: Dataset) -> None:
    for name in SPLITS:
        empty = 0
        for example in demo.split(name):
            path = demo.db_path(example)
            assert path is not None and example.sql is not None
            result = sql.execute(path, example.sql)
            assert not result.truncated
            assert sql.check(example.schema, example.sql) is None
            empty += not any(value not in (None, 0) for row in result.rows for value in row)
        assert empty <= 0.05 * len(demo.split(name))


def test_an_order_with_a_limit_leaves_no_tie(demo: Dataset) -> None:
    for example in (e for name in SPLITS for e in demo.split(name) if "order" in e.tags):
        path = demo.db_path(example)
        assert path is not None and example.sql is not None
        body, _, tail = example.sql.partition(" ORDER BY ")
        key, _, limit = tail.partition(" LIMIT ")
        if not limit:
            continue
        column = key.removesuffix(" DESC")
        where = body.partition(" FROM ")[2]
        keys = f"SELECT {column} FROM {where} ORDER BY {key} LIMIT {int(limit) + 1}"
        values = [row[0] for row in sql.execute(path, keys).rows]
        assert len(set(values)) == len(values) == int(limit) + 1


def test_databases_are_small_typed_and_have_the_schema_of_their_examples(demo: Dataset) -> None:
    for example in demo.test:
        path = demo.db_path(example)
        assert path is not None
        with open_engine(f"sqlite:///{path}") as engine:
            stored = read_schema(engine).schema
        assert set(stored.tables) == set(example.schema.tables)
        rows = [len(sql.execute(path, f"SELECT * FROM {t.name}").rows) for t in example.schema.tables]
        assert all(6 <= n <= 60 for n in rows) and max(rows) >= 20
        assert 1 <= len(example.schema.tables) <= 2


def test_no_table_or_schema_is_in_two_splits(demo: Dataset) -> None:
    tables = {name: {t.name.lower() for e in demo.split(name) for t in e.schema.tables} for name in SPLITS}
    columns = {
        name: {
            frozenset(c.lower() for c in t.column_names) for e in demo.split(name) for t in e.schema.tables
        }
        for name in SPLITS
    }
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert tables[one].isdisjoint(tables[other])
        assert columns[one].isdisjoint(columns[other])
    assert len({e.schema for e in demo.train}) >= 100
    assert len(domains("train")) >= 12


def test_the_tutorials_table_is_not_trained_on(demo: Dataset) -> None:
    students = {"name", "age", "school", "grade", "height", "weight"}
    for example in demo.train:
        for table in example.schema.tables:
            assert table.name.lower() != "students"
            assert not students <= {name.lower() for name in table.column_names}


def test_at_least_40_percent_are_hard_and_no_shape_is_common(demo: Dataset) -> None:
    for name in SPLITS:
        examples = of_tables(demo, name)
        assert sum("hard" in example.tags for example in examples) >= 0.4 * len(examples)
        shapes = Counter(data.query_shape(example.sql or "") for example in examples)
        assert shapes.most_common(1)[0][1] <= 0.25 * len(examples)
        share = sum("subquery" in example.tags for example in examples) / len(examples)
        assert 0.08 <= share <= 0.12 if name == "train" else 0.04 <= share <= 0.08


def test_the_tags_say_what_the_sql_does(demo: Dataset) -> None:
    for example in of_tables(demo, "train"):
        text = example.sql or ""
        assert ("subquery" in example.tags) == (" JOIN " in text)
        assert ("order" in example.tags) == (" ORDER BY " in text)
        conditions = next(tag for tag in example.tags if tag.startswith("conditions:"))
        where = text.partition(" WHERE ")[2]
        bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "", where)
        assert int(conditions[-1]) == (0 if not where else 1 + bare.count(" AND "))
        assert any(tag.startswith("aggregate:") for tag in example.tags) == bool(
            re.match(r"SELECT (COUNT|AVG|MIN|MAX|SUM)\(", text)
        )


def test_answering_always_with_the_commonest_shape_scores_at_most_25_percent(demo: Dataset) -> None:
    answers = data.baseline_answers(demo, demo.test)
    right = 0
    for example, answer in zip(demo.test, answers, strict=True):
        path = demo.db_path(example)
        assert path is not None and example.sql is not None
        got, gold = sql.execute(path, answer), sql.execute(path, example.sql)
        right += sql.same_result(gold, got, ordered=sql.is_ordered(example.sql))
    assert 0 < right <= 0.25 * len(answers)


def placeholders(example: Example) -> str:
    """The question with its values, columns and table taken out."""
    text = example.question
    for value in sorted(re.findall(r"'((?:[^']|'')*)'", example.sql or ""), key=len, reverse=True):
        text = text.replace(value.replace("''", "'"), "VALUE")
    text = re.sub(r"\d+(\.\d+)?", "NUMBER", text).lower()
    for table in example.schema.tables:
        for column in sorted(table.column_names, key=len, reverse=True):
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ").lower()
            text = re.sub(rf"\b{re.escape(words)}(s|es)?\b", "COLUMN", text)
        one = re.sub("ies$", "y", table.name.lower()).rstrip("s")
        text = re.sub(rf"\b({table.name.lower()}|{one})\b", "TABLE", text)
    return text


def test_no_question_of_one_split_has_the_wording_of_one_in_another(demo: Dataset) -> None:
    wordings = {name: {placeholders(example) for example in of_tables(demo, name)} for name in SPLITS}
    assert wordings["train"].isdisjoint(wordings["test"])
    assert wordings["train"].isdisjoint(wordings["valid"])
    assert wordings["valid"].isdisjoint(wordings["test"])
    assert len(wordings["train"]) > 1000


def test_templates_and_openers_of_the_splits_are_separate() -> None:
    shared_by_nature = ("lists", "relative", "clause", "clause_two", "verb", "verb_two", "relative_two")
    words = ("average", "maximum", "minimum", "sum", "most", "least")
    for key in templates("train").lists:
        if key in (
            *shared_by_nature,
            *words,
            "joined",
            "natural_two",
            "leads",
            "tails",
        ):
            continue
        seen: set[str] = set()
        for split in SPLITS:
            own = set(templates(split).lists.get(key, []))
            assert own and seen.isdisjoint(own), (key, seen & own)
            seen |= own


def test_a_kind_is_put_in_many_ways_in_train(demo: Dataset) -> None:
    openers = len(templates("train").lists["openers"])
    ways = {
        "label": ("label",),
        "where": ("where",),
        "count": ("count", "count_all"),
        "all": ("all", "all_label"),
        "aggregate": ("aggregate", "aggregate_all"),
        "top": ("top_one", "top_many", "top_one_cols"),
        "distinct": ("distinct",),
    }
    for kind, keys in ways.items():
        bodies = [template for key in keys for template in templates("train").lists[key]]
        assert sum(openers if "{O}" in template else 1 for template in bodies) >= 25, kind


def test_columns_with_spaces_are_a_fair_share_and_quoted(demo: Dataset) -> None:
    # The invented tables of the training split have more of them: quoting is what is to be learned.
    for splits, low, high in ((("valid", "test"), 0.05, 0.15), (("train",), 0.1, 0.25)):
        schemas = {example.schema for name in splits for example in of_tables(demo, name)}
        names = [name for schema in schemas for table in schema.tables for name in table.column_names]
        assert low <= sum(" " in name for name in names) / len(names) <= high
    assert any("''" in (example.sql or "") for example in demo.train)


def test_texts_of_conditions_stand_in_the_question_to_the_letter(demo: Dataset) -> None:
    for name in SPLITS:
        for example in of_tables(demo, name):
            for value in re.findall(r"'((?:[^']|'')*)'", example.sql or ""):
                assert value.replace("''", "'") in example.question
            for number in re.findall(r"(?:[<>=]|LIMIT) (\d+(?:\.\d+)?)", example.sql or ""):
                words = ("one", "two", "three", "four", "five", "ten", "which", "what", "the", "who")
                assert number in example.question or any(w in example.question.lower() for w in words)


def test_a_line_holds_what_other_trainers_read_first(demo: Dataset) -> None:
    record = json.loads((demo.path / "test.jsonl").read_text(encoding="utf-8").splitlines()[0])
    keys = ["prompt", "completion", "id", "question", "schema", "sql", "db", "source", "tags"]
    assert list(record) == keys
    assert record["prompt"].endswith("\nA: ")
    assert record["completion"] == record["sql"]


def test_shape_leaves_names_and_values_out() -> None:
    assert data.query_shape("SELECT a, \"b c\" FROM t WHERE x = 'it''s' AND y >= 3") == (
        "SELECT C, C FROM T WHERE C = V AND C >= V"
    )
    joined = 'SELECT a.b FROM a JOIN c ON a.d = c."e f" WHERE c.g < 2'
    assert data.query_shape(joined) == "SELECT C FROM T JOIN T ON C = C WHERE C < V"
    assert data.query_shape("SELECT COUNT(*) FROM t ORDER BY x DESC LIMIT 3") == (
        "SELECT COUNT(*) FROM T ORDER BY C DESC LIMIT V"
    )
    tutorials = "SELECT School/Club Team FROM 1-10015132-16 WHERE Years in Toronto = '1995-96'"
    assert data.query_shape(tutorials).startswith("SELECT C FROM T WHERE C")
