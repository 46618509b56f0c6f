"""Questions of a dataset are asked under the grammar that `ask --db` has over their databases."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from t2sql.data import Dataset, load
from t2sql.evaluate.grammars import grammars_of
from t2sql.grammar import WIDTHS


@pytest.fixture()
def dataset(tmp_path: Path) -> Dataset:
    (tmp_path / "db").mkdir()
    with closing(sqlite3.connect(tmp_path / "db" / "t.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, town TEXT);"
            "INSERT INTO t VALUES (1, 'Saint-Étienne'), (2, 'Oslo');"
        )
    line = {
        "prompt": "table: t\ncolumns: id, town\nQ: How many are from Saint Etienne (AX is Alexandria)?\nA: ",
        "completion": "SELECT COUNT(*) FROM t WHERE town = 'Saint-Étienne'",
        "db": "db/t.sqlite",
        "evidence": "AX is Alexandria",
        "id": "q",
    }
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return load(tmp_path)


@pytest.mark.parametrize(
    ("text", "wide"),
    [("Saint-Étienne", True), ("Saint Etienne", True), ("Alexandria", True), ("Paris", False)],
)
def test_texts_come_from_the_question_the_evidence_and_the_database(
    dataset: Dataset, text: str, wide: bool
) -> None:
    statement = f"SELECT COUNT(*) FROM t WHERE town = '{text}'"
    [narrow], [in_wide] = (grammars_of(dataset, dataset.test, width) for width in WIDTHS)
    assert narrow is not None and narrow.matches(statement)
    assert in_wide is not None and in_wide.matches(statement) == wide
