"""Numbers, times and text from files, as the app shows them."""

from __future__ import annotations

import math

import pytest

from t2sql_tui import formatting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (4.25, "4.2 s"),
        (42, "42 s"),
        (245, "4:05"),
        (3845, "1:04:05"),
        ("x", "–"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: object, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("back", "text"), [(0, "now"), (30, "30s ago"), (90, "1m ago"), (7300, "2h ago"), (200_000, "2d ago")]
)
def test_ago(back: float, text: str) -> None:
    assert formatting.ago(1_000_000 - back, now=1_000_000) == text


def test_losses_of_any_size_fit_their_column() -> None:
    assert [formatting.loss(x) for x in (0.12345, 12.5, 123456.0, None, math.inf, True)] == [
        "0.123",
        "12.500",
        "1.23e+05",
        "–",
        "–",
        "–",
    ]


def test_steps_with_and_without_a_total() -> None:
    assert formatting.steps(1200, 2000) == "1,200/2,000"
    assert formatting.steps(1200, None) == "1,200"
    assert formatting.steps(None, 2000) == "–/2,000"


def test_sizes() -> None:
    assert [formatting.size(x) for x in (12, 1536, 150 << 20, 7 << 30)] == [
        "12 B",
        "1.5 KiB",
        "150 MiB",
        "7.0 GiB",
    ]


def test_plain_text_holds_no_control_characters() -> None:
    assert formatting.plain("a\x1b[31mred\nline\tend") == r"a\x1b[31mred line end"
    assert len(formatting.plain("x" * 10_000)) == 500


def test_a_clock_of_nonsense_is_blank() -> None:
    assert formatting.clock("noon") == formatting.clock(-5) == formatting.clock(1e300) == " " * 8
