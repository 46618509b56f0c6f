"""An index of texts: what it finds for a question, in several scripts, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from t2sql.values import VERSION, ColumnTexts, ValueIndex, key_of, open_index, write_index

NAMES = (
    "Wang Junjian",
    "Wang Li",
    "Ann Lee",
    "O'Hara",
    "José García",
    "Jon Smith",
    "Иван Петров",
    "محمد علي",
)
CITIES = (
    "New York",
    "York",
    "Paris",
    "北京市",
    "上海",
    "東京都",
    "서울",
    "กรุงเทพ",
    "दिल्ली",
    "Αθήνα",
    "Zürich",
)
CATEGORIES = ("light", "Box", "C++", "C#", "C", "in stock", "Café au lait", "city")
INFO = {"version": VERSION, "state": "s", "made": 0.0, "left_out": ["t.c: too large"]}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> ValueIndex:
    path = tmp_path_factory.mktemp("values") / "shop.values"
    columns = [
        ColumnTexts("customers", "name", NAMES, True),
        ColumnTexts("customers", "city", CITIES, True),
        ColumnTexts("products", "category", CATEGORIES, False),
    ]
    write_index(path, columns, INFO)
    opened = open_index(path)
    assert opened is not None
    return opened


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How old is Wang Junjian?", ["Wang Junjian"]),
        ("how old is WANG JUNJIAN", ["Wang Junjian"]),
        ("customers from new york", ["New York"]),
        ("who lives in York?", ["York"]),
        ("How many boxes are there?", ["Box"]),
        ("What do lights cost?", ["light"]),
        ("orders of junjan", ["Wang Junjian"]),
        ("orders of Jon Smiht", ["Jon Smith"]),
        ("orders by o'hara's office", ["O'Hara"]),
        ("Jose Garcia's orders", ["José García"]),
        ("books on C++", ["C++"]),
        ("books on C#", ["C#"]),
        ("cafe au lait, please", ["Café au lait"]),
        ("wer wohnt in Zurich", ["Zürich"]),
        ("北京有多少客户？", ["北京市"]),
        ("上海的客户", ["上海"]),
        ("東京の顧客は何人ですか", ["東京都"]),
        ("서울에 사는 고객은?", ["서울"]),
        ("ลูกค้าในกรุงเทพมีกี่คน", ["กรุงเทพ"]),
        ("दिल्ली के ग्राहक", ["दिल्ली"]),
        ("Сколько заказов у Петров?", ["Иван Петров"]),
        ("Αθηνα", ["Αθήνα"]),
        ("كم طلب من علي", ["محمد علي"]),
        ("How many customers are there in total?", []),
        ("", []),
    ],
)
def test_words_of_a_question_are_matched(index: ValueIndex, question: str, expected: list[str]) -> None:
    assert [match.value for match in index.matches(question)] == expected


def test_a_match_names_its_column_and_a_part_of_a_text_finds_several(index: ValueIndex) -> None:
    matches = index.matches("everything of Wang")
    assert {(match.table, match.column) for match in matches} == {("customers", "name")}
    assert {match.value for match in matches} == {"Wang Junjian", "Wang Li"}


def test_spellings_of_a_text_in_a_column(index: ValueIndex) -> None:
    assert index.spellings("Customers", "CITY", "zurich") == ("Zürich",)
    assert index.spellings("customers", "name", "zurich") == ()
    assert index.near("customers", "name", "Jn Smith") == ("Jon Smith",)
    assert (index.is_complete("customers", "name"), index.is_complete("products", "category")) == (
        True,
        False,
    )
    assert index.info.left_out == ("t.c: too large",)


def test_texts_of_signs_only_have_keys(index: ValueIndex) -> None:
    assert [key_of(text) for text in ("%", " + ", "Full-Width ＡＢＣ", "boxes")] == [
        "%",
        "+",
        "full width abc",
        "box",
    ]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(100)])
def test_a_damaged_file_is_no_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.values"
    assert open_index(path) is None
    path.write_bytes(content)
    assert open_index(path) is None


def test_an_index_of_another_version_is_no_index(tmp_path: Path) -> None:
    path = tmp_path / "x.values"
    write_index(path, [], INFO | {"version": VERSION + 1})
    assert open_index(path) is None


def test_a_hostile_question_ends_soon(index: ValueIndex) -> None:
    for text in ('" OR "*', "x" * 20_000, "北" * 5_000, "a b " * 5_000, "NEAR(a b)", "\x00\ud800"):
        assert len(index.matches(text)) <= 10
