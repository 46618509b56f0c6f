"""WikiSQL: the archive downloaded and checked, its questions as SQL that runs and as the tutorial's text."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from t2sql import data, sql
from t2sql.data import Dataset
from t2sql.data.wikisql import Archive, archive, reader, readings
from t2sql.errors import InputError, T2sqlError

TABLE = {
    "id": "1-1000181-1",
    "header": ["State/territory", "Format", "No.", "State/Territory", "", "Margin, in points"],
    "types": ["text", "text", "real", "text", "text", "real"],
    "rows": [
        ["South Australia", "Snnn·aaa", 3, "SA", "x", "1,250.5"],
        ["Victoria", "aaa·nnn", 12.0, "VIC", "y", 7],
        ["O'Higgins", "n", "unknown", "OH", "z", 2],
    ],
    "page_title": "Plates",
}


def question(text: str, sel: int, agg: int = 0, *conds: list[Any]) -> dict[str, Any]:
    query = {"sel": sel, "agg": agg, "conds": list(conds)}
    return {"phase": 1, "table_id": TABLE["id"], "question": text, "sql": query}


QUESTIONS = [
    question("what is the format for  south australia ", 1, 0, [0, 0, "south australia"]),
    question(
        "how many states have a number above 10 and are not here", 0, 3, [2, 1, "10"], [1, 0, "aaa·nnn"]
    ),
    question("the largest margin where the margin is under 1,300?", 5, 1, [5, 2, "1,300"]),
    question("who is o'higgins' abbreviation", 3, 0, [0, 0, "o'higgins"]),
]


def members(questions: list[dict[str, Any]] = QUESTIONS) -> dict[str, bytes]:
    files = {}
    for split in ("train", "dev", "test"):
        files[f"data/{split}.jsonl"] = "".join(json.dumps(q) + "\n" for q in questions).encode()
        files[f"data/{split}.tables.jsonl"] = (json.dumps(TABLE) + "\n").encode()
        files[f"data/{split}.db"] = b"SQLite format 3\0"
    return files


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:bz2") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def described(path: Path, url: str = "http://127.0.0.1:9/none") -> Archive:
    content = path.read_bytes()
    blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    return Archive(url, len(content), blob)


@pytest.fixture()
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive in the official format, taken for the official one."""
    path = pack(tmp_path / "data.tar.bz2", members())
    monkeypatch.setattr(archive, "OFFICIAL", described(path))
    monkeypatch.setattr(reader, "SIZES", dict.fromkeys(reader.SIZES, len(QUESTIONS)))
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    return path


def test_statements_run_and_return_what_the_annotation_means(small: Path, tmp_path: Path) -> None:
    made = data.prepare(f"wikisql:{small}", tmp_path / "out")
    assert made.counts == {"train": 4, "valid": 4, "test": 4}
    wanted = [
        ("""SELECT Format FROM "1-1000181-1" WHERE "State/territory" = 'south australia'""", [("Snnn·aaa",)]),
        (
            """SELECT COUNT("State/territory") FROM "1-1000181-1" WHERE "No." > 10 AND Format = 'aaa·nnn'""",
            [(1,)],
        ),
        (
            """SELECT MAX("Margin, in points") FROM "1-1000181-1" WHERE "Margin, in points" < 1300""",
            [(1250.5,)],
        ),
        (
            """SELECT "State/Territory 4" FROM "1-1000181-1" WHERE "State/territory" = 'o''higgins'""",
            [("OH",)],
        ),
    ]
    for example, (statement, rows) in zip(made.test, wanted, strict=True):
        assert example.sql == example.completion == statement
        assert sql.execute(made.db_path(example) or Path(), statement).rows == rows
    schema = made.test[0].schema.tables[0]
    assert schema.column_names[3:] == ("State/Territory 4", "column 5", "Margin, in points")
    assert [column.type for column in schema.columns] == ["TEXT", "TEXT", "REAL", "TEXT", "TEXT", "REAL"]


def test_the_tutorial_s_style_is_the_tutorial_s_text(small: Path, tmp_path: Path) -> None:
    made = data.prepare(data.DataSource(f"wikisql:{small}", style="tutorial"), tmp_path / "out", limit=2)
    assert [example.prompt + example.completion for example in made.train] == [
        "table: 1-1000181-1\n"
        "columns: State/territory, Format, No., State/Territory, , Margin, in points\n"
        "Q: what is the format for  south australia \n"
        "A: SELECT Format FROM 1-1000181-1 WHERE State/territory = 'south australia'",
        "table: 1-1000181-1\n"
        "columns: State/territory, Format, No., State/Territory, , Margin, in points\n"
        "Q: how many states have a number above 10 and are not here\n"
        "A: SELECT COUNT State/territory FROM 1-1000181-1 WHERE No. > 10 AND Format = 'aaa·nnn'",
    ]
    assert made.train[0].db is None and not (made.path / "db").exists()


def test_both_styles_are_scored_as_right(small: Path, tmp_path: Path) -> None:
    from t2sql.evaluate import score

    for style in wikisql_styles():
        made = data.prepare(data.DataSource(f"wikisql:{small}", style=style), tmp_path / style)
        scored = score(made, made.test, [example.sql or "" for example in made.test])
        assert all(answer.correct for answer in scored)
        assert {answer.measure for answer in scored} == {"execution" if style == "sql" else "logical"}


def wikisql_styles() -> tuple[str, ...]:
    return reader.STYLES


def test_an_unpacked_archive_is_read_too(tmp_path: Path) -> None:
    for name, content in members().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for path in (tmp_path, tmp_path / "data"):
        made = data.prepare(f"wikisql:{path}", tmp_path / "out", force=True, limit=3, seed=1)
        assert made.counts == {"train": 3, "valid": 3, "test": 3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table_id": "9-9"}, "table is missing.*9-9"),
        ({"question": None}, "question cannot be read"),
        ({"sql": {"sel": 9, "agg": 0, "conds": []}}, "no column of its table"),
        ({"sql": {"sel": 0, "agg": 9, "conds": []}}, "SQL cannot be read"),
        ({"sql": {"sel": 0, "agg": 0, "conds": [[0, 3, "x"]]}}, "SQL cannot be read"),
        ({"sql": None}, "SQL cannot be read"),
    ],
)
def test_a_question_that_cannot_be_read_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    for name, content in members([QUESTIONS[0] | change]).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        data.prepare(f"wikisql:{tmp_path}", tmp_path / "out")
    assert "train.jsonl:1" in str(caught.value)


def test_other_paths_and_styles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such archive"):
        data.prepare(f"wikisql:{tmp_path / 'none'}", tmp_path / "out")
    with pytest.raises(InputError, match="WikiSQL's file is missing"):
        data.prepare(f"wikisql:{tmp_path}", tmp_path / "out")
    with pytest.raises(InputError, match=r"no such style.*sql or tutorial"):
        data.prepare(data.DataSource("wikisql", style="prose"), tmp_path / "out")


def test_the_tutorial_s_lines_become_sql_that_runs(tmp_path: Path) -> None:
    columns = "Player, No., Margin, in points, School/Club Team"
    head = f"table: 1-10-1\ncolumns: {columns}\nQ: q{{}}\nA: "
    texts = [
        "SELECT COUNT School/Club Team FROM 1-10-1 WHERE Player = 'Al O'Hara' AND No. > 3",
        "SELECT Margin, in points FROM 1-10-1 WHERE School/Club Team = 'Rice AND Beans'",
        "SELECT MAX No. FROM 1-10-1",
    ]
    lines = "".join(json.dumps({"text": head.format(i) + text}) + "\n" for i, text in enumerate(texts))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "test.jsonl").write_text(lines)
    made = data.prepare(data.DataSource(str(tmp_path / "in"), style="sql"), tmp_path / "out")
    assert [example.sql for example in made.test] == [
        """SELECT COUNT("School/Club Team") FROM "1-10-1" WHERE Player = 'Al O''Hara' AND "No." > 3""",
        """SELECT "Margin, in points" FROM "1-10-1" WHERE "School/Club Team" = 'Rice AND Beans'""",
        """SELECT MAX("No.") FROM "1-10-1\"""",
    ]
    assert made.test[1].schema.tables[0].column_names == (
        "Player",
        "No.",
        "Margin, in points",
        "School/Club Team",
    )
    assert [column.type for column in made.test[0].schema.tables[0].columns][1] == "REAL"
    for example in made.test:
        assert sql.check(example.schema, example.sql or "") is None


def test_a_line_with_two_meanings_or_none_is_left_out_and_told(tmp_path: Path) -> None:
    # "MAX Speed" is a column, and Speed is another.
    head = "table: t\ncolumns: Speed, MAX Speed\nQ: q\nA: "
    lines = [
        head + "SELECT MAX Speed FROM t",
        head + "SELECT Weight FROM t",
        head + "SELECT MAX MAX Speed FROM t",
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "test.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in lines))
    warnings: list[str] = []
    made = data.prepare(
        data.DataSource(str(tmp_path / "in"), style="sql"), tmp_path / "out", warn=warnings.append
    )
    assert [example.sql for example in made.test] == ['SELECT MAX("MAX Speed") FROM t']
    assert warnings == ["2 lines are not the tutorial's text, or have several meanings: left out"]
    assert len(readings("t", ("Speed", "MAX Speed"), "SELECT MAX Speed FROM t")) == 2


def test_a_hostile_line_is_read_in_no_time() -> None:
    text = "SELECT a FROM t WHERE " + " AND ".join("a = 'x'" for _ in range(40)) + " AND b"
    assert readings("t", ("a", "b"), text) == []
    assert readings("t", ("a", "b"), text + " AND a = 1" * 100) == []


def test_reading_back_what_was_written_gives_the_statement(small: Path, tmp_path: Path) -> None:
    made: Dataset = data.prepare(data.DataSource(f"wikisql:{small}", style="tutorial"), tmp_path / "out")
    runs = data.prepare(f"wikisql:{small}", tmp_path / "runs")
    for text, target in list(zip(made.test, runs.test, strict=True))[:3]:
        table = text.schema.tables[0]
        found = readings(table.name, table.column_names, text.sql or "")
        assert [r.statement.sql(table.name, r.columns).lower() for r in found] == [
            (target.sql or "").lower()
        ] or ("Margin" in (text.sql or ""))
    with pytest.raises(T2sqlError):
        data.prepare(data.DataSource(str(made.path), style="tutorial"), tmp_path / "wrong")
