"""Files of answers, in the forms in which people and the benchmarks' own scripts have them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.runs.records import Answer, read_answers

PLAIN = [Answer("SELECT a FROM t"), Answer("SELECT 2")]
NAMED = [Answer("SELECT a FROM t", "5"), Answer("SELECT 2", "x")]


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"SELECT a FROM t\nSELECT 2\n\n", PLAIN),
        (b"\xef\xbb\xbfSELECT a FROM t\r\nSELECT 2\r\n", PLAIN),
        ("SELECT a FROM t\nSELECT 2\n".encode("utf-16"), PLAIN),
        (b"SELECT a FROM t\tconcert\nSELECT 2\tpets\n", PLAIN),
        (lines({"sql": "SELECT a FROM t"}, {"sql": "SELECT 2", "id": None, "score": 1}), PLAIN),
        (lines({"sql": " SELECT a FROM t", "id": 5}, {"sql": "SELECT 2", "id": "x"}), NAMED),
        (
            lines({"id": 5.0, "prediction": "SELECT a FROM t"}, {"question_id": "x", "query": "SELECT 2"}),
            NAMED,
        ),
        (
            b"\n"
            + lines({"sql": "SELECT a FROM t", "id": 5})
            + b"\n"
            + lines({"sql": "SELECT 2", "id": "x"}),
            NAMED,
        ),
        (json.dumps([{"sql": "SELECT a FROM t", "id": 5}, {"sql": "SELECT 2", "id": "x"}]).encode(), NAMED),
        (json.dumps(["SELECT a FROM t", "SELECT 2"], indent=1).encode(), PLAIN),
        (json.dumps({"5": "SELECT a FROM t\t----- bird -----\tdb", "x": "SELECT 2"}).encode(), NAMED),
        (gzip.compress(b"SELECT a FROM t\nSELECT 2\n", mtime=0), PLAIN),
        (b"", []),
    ],
)
def test_answers_are_read_in_every_form(tmp_path: Path, content: bytes, expected: list[Answer]) -> None:
    path = tmp_path / "answers"
    path.write_bytes(content)
    assert read_answers(path) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lines({"sql": "SELECT 1"}, {"id": "x"}), r"answers:2.*no 'sql'"),
        (lines({"sql": "SELECT 1"}) + b"SELECT 2\n", r"answers:2.*not JSON"),
        (lines({"sql": None}), "no 'sql'"),
        (lines({"sql": 3}), "'sql' is not a text"),
        (lines({"sql": "x", "id": True}), "an id that is no text"),
        (b"SELECT '\xff'\n", "not text in UTF-8"),
        (b"PK\x03\x04", "zip archive"),
    ],
)
def test_what_is_no_answer_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "answers"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_answers(path)
