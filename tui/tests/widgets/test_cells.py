"""Values of any kind: their order, the search in them, and the whole of one."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from t2sql_tui.screens.cell import size, whole
from t2sql_tui.widgets.cell_order import find_cell, ordered_rows


def test_a_column_of_mixed_values_has_one_order_and_missing_values_last() -> None:
    values = [b"\x00", None, "Zoe", 2, "anna", Decimal("1.5"), math.nan]
    rows = [(value,) for value in values]
    upwards = [row[0] for row in ordered_rows(rows, 0, down=False)]
    assert upwards[:2] == [Decimal("1.5"), 2]
    assert upwards[3:] == ["anna", "Zoe", b"\x00", None]
    assert [row[0] for row in ordered_rows(rows, 0, down=True)][-1] is None


@pytest.mark.parametrize(
    ("start", "place"), [((0, 0), (1, 1)), ((1, 1), (2, 0)), ((2, 0), (0, 0)), ((0, 1), (1, 1))]
)
def test_a_search_goes_on_after_the_cursor_and_round(start: tuple[int, int], place: tuple[int, int]) -> None:
    rows = [("Tea", 1), (None, "green tea"), ("TEAPOT", 2)]
    assert find_cell(rows, "tea", start) == place


def test_words_that_are_nowhere_are_not_found() -> None:
    assert find_cell([("a",)], "b", (0, 0)) is None
    assert find_cell([], "b", (0, 0)) is None


@pytest.mark.parametrize(
    ("value", "text", "how_large"),
    [
        (None, "NULL", "NULL"),
        ("two\nlines\x1b[31m", "two\nlines\\x1b[31m", "14 characters"),
        ('{"b":[1,"é"]}', '{\n  "b": [\n    1,\n    "é"\n  ]\n}', "13 characters"),
        ("[not json", "[not json", "9 characters"),
        (b"", "no bytes", "0 bytes"),
        (b"A\x00" * 9, f"00000000  {'41 00 ' * 8} A·A·A·A·A·A·A·A·\n00000010  {'41 00':48} A·", "18 bytes"),
    ],
)
def test_the_whole_of_a_value(value: object, text: str, how_large: str) -> None:
    assert whole(value) == text
    assert size(value) == how_large
