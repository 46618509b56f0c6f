"""Text of any source on a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest

from t2sql.text import json_text, one_line, pad, shorten, stand_ins, visible, width


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "👩\u200d👩\u200d👧",
        "co\u00adop",
        "a\u00a0b",
        "e\u0301",
        "\u200fשלום\u200e",
        "\ue0b0 \uf8ff",
        "ภาษา\u200bไทย",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "日本語",
    ],
)
def test_what_a_language_needs_is_kept(text: str) -> None:
    assert visible(text) == one_line(text) == stand_ins(text) == text
    assert json_text(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\x07b\x7f", "a\\x07b\\x7f"),
        ("a\rb", "a\\rb"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\u2028b", "a\\u2028b"),
        ("\udc80", "\\udc80"),
        ("a\U000e0041b", "a\\U000e0041b"),
    ],
)
def test_what_deceives_a_terminal_is_shown(text: str, shown: str) -> None:
    assert visible(text) == one_line(text) == shown
    assert json.loads(json_text(text)) == text
    assert json_text(text).isascii()


@pytest.mark.slow
def test_no_control_character_of_unicode_is_left() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {c for c in one_line(everything) if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")}
    assert not left
    assert {unicodedata.bidirectional(c) for c in one_line(everything)}.isdisjoint(
        {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    )


def test_lines_stay_lines_where_there_may_be_several() -> None:
    assert visible("a\n\tb") == "a\n\tb"
    assert one_line("a\n\tb") == "a\\n\\tb"


@pytest.mark.parametrize(
    ("text", "cells"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("👩\u200d👩\u200d👧", 2), ("می\u200cخواهم", 7), ("", 0)],
)
def test_widths_are_cells(text: str, cells: int) -> None:
    assert width(text) == cells
    assert width(pad(text, 9)) == width(pad(text, 9, right=True)) == 9


@pytest.mark.parametrize("text", ["abcdefgh", "日本語日本語", "👩\u200d👩\u200d👧" * 4, "e\u0301" * 9])
def test_a_long_text_is_cut_between_characters(text: str) -> None:
    short = shorten(text, 6)
    assert short.endswith("…") and 5 <= width(short) <= 6
    assert text.startswith(short[:-1])


def test_marks_without_end_do_not_make_a_cell_endless() -> None:
    assert len(shorten("e" + "\u0301" * 100_000, 10)) < 200


def test_stand_ins_keep_every_place() -> None:
    assert stand_ins("a\x1bb\u202e") == "a\ufffdb\ufffd"
    assert stand_ins("a\x1bb\u202e", "") == "ab"
