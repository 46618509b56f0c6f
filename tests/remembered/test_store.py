"""Remembered answers: the file that a user sees, and when an answer counts."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.remembered import RememberedStore, remembered_file
from t2sql.schema import Schema, read_table_lines

TABLES = read_table_lines(["customers: id, name, city", "orders: id, customer_id"])
URL = "postgresql://reader:s3cret@db.example.org/shop?password=hidden"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))
    return tmp_path / "remembered"


def test_an_answer_is_a_line_that_only_its_owner_can_read_and_has_no_secret(folder: Path) -> None:
    store = RememberedStore(URL)
    assert store.answers() == [] and not store.path.exists()
    store.add("  Who lives in  Oslo? ", "SELECT name FROM customers WHERE city = 'Oslo';", TABLES, "right")
    assert store.path.parent == folder and store.path.name.startswith("shop-")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    text = store.path.read_text()
    document = json.loads(text)
    assert text.count("\n") == 1 and "s3cret" not in text and "hidden" not in text
    assert document["question"] == "Who lives in Oslo?" and document["origin"] == "right"
    assert document["sql"] == "SELECT name FROM customers WHERE city = 'Oslo'"
    assert [path.name for path in folder.iterdir()] == [store.path.name]


def test_the_same_words_find_it_and_a_newer_answer_replaces_it() -> None:
    store = RememberedStore(URL)
    store.add("Who lives in Oslo?", "SELECT 1", TABLES, "right")
    store.add("who lives  in OSLO", "SELECT name FROM customers", TABLES, "corrected")
    for question in ("Who lives in Oslo?", "who lives in oslo", "Who lives in Oslo ?"):
        found = store.find(question, TABLES)
        assert found is not None and found.sql == "SELECT name FROM customers" and found.origin == "corrected"
    assert store.find("Who lives in Bergen?", TABLES) is None
    assert len(store.answers()) == 1


@pytest.mark.parametrize(
    ("lines", "is_found"),
    [
        (["customers: id, name, city", "orders: id, customer_id", "visits: id"], True),
        (["customers: id, name, city", "orders: id, customer_id, day"], True),
        (["customers: id, name, town", "orders: id, customer_id"], False),
        (["orders: id, customer_id"], False),
    ],
)
def test_an_answer_counts_while_the_tables_that_it_reads_are_the_same(
    lines: list[str], is_found: bool
) -> None:
    store = RememberedStore(URL)
    store.add("Which cities?", "SELECT city FROM customers", TABLES, "given")
    assert (store.find("Which cities?", read_table_lines(lines)) is not None) == is_found


def test_forgetting_the_last_answer_takes_the_file_away() -> None:
    store = RememberedStore(URL)
    store.add("one", "SELECT 1", TABLES, "given")
    store.add("two", "SELECT 2", TABLES, "given")
    assert store.forget("Two?") == 1 and [one.question for one in store.answers()] == ["one"]
    assert store.forget("two") == 0 and store.forget("one") == 1
    assert not store.path.exists()
    store.add("one", "SELECT 1", Schema(()), "given")
    store.path.unlink()
    assert store.answers() == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (URL, "postgresql+psycopg://admin@db.example.org:5432/shop", True),
        (URL, "postgresql://reader@db.example.org:5433/shop", False),
        (URL, "postgresql://reader@db.example.org/shop2", False),
        ("mariadb://a@h/shop", "mysql+pymysql://b:c@H:3306/shop", True),
        ("sqlite:///shop.db", "sqlite:///./shop.db", True),
        ("sqlite:///shop.db", "sqlite:///other/shop.db", False),
        ("sqlite:///shop.db", "duckdb:///shop.db", False),
    ],
)
def test_one_database_has_one_file_however_it_is_reached(one: str, other: str, same: bool) -> None:
    assert (remembered_file(one) == remembered_file(other)) == same


def test_names_of_databases_cannot_leave_the_folder(folder: Path) -> None:
    for name in ("../../etc/passwd", "a b;c", "..", "x" * 300):
        file = remembered_file(f"postgresql://h/{name}")
        assert file.parent == folder and "/" not in file.name and len(file.name) < 100


@pytest.mark.parametrize("line", ["{", "[]", '{"v": 2}', '{"v": 1, "question": "a"}', "\x00"])
def test_a_line_that_a_person_broke_is_named(line: str) -> None:
    store = RememberedStore(URL)
    store.add("one", "SELECT 1", TABLES, "given")
    store.path.write_text(store.path.read_text() + "\n" + line + "\n")
    with pytest.raises(InputError, match="line 3") as refused:
        store.answers()
    assert str(store.path) in str(refused.value)


@pytest.mark.parametrize(("question", "sql"), [("", "SELECT 1"), (" ? ", "SELECT 1"), ("a", " ; ")])
def test_nothing_is_not_remembered(question: str, sql: str) -> None:
    with pytest.raises(InputError, match="nothing to remember"):
        RememberedStore(URL).add(question, sql, TABLES, "given")


def test_answers_of_many_at_once_are_all_kept() -> None:
    def add(number: int) -> None:
        RememberedStore(URL).add(f"question {number}", f"SELECT {number}", TABLES, "given")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    assert len(RememberedStore(URL).answers()) == 24


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="cannot be written") as refused:
        RememberedStore(URL).add("one", "SELECT 1", TABLES, "given")
    assert refused.value.hint is not None and "T2SQL_REMEMBERED" in refused.value.hint
