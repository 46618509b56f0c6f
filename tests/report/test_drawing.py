"""The report's drawings and its Markdown cells."""

from __future__ import annotations

import pytest

from t2sql.report.curve import log_ticks, loss_curve, nice_ticks
from t2sql.report.formatting import cell, code


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 2.4, [0, 0.5, 1, 1.5, 2, 2.5]),
        (0, 600, [0, 200, 400, 600]),
        (0, 0.04, [0, 0.01, 0.02, 0.03, 0.04]),
    ],
)
def test_ticks_are_round_and_cover(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


def test_logarithmic_ticks_enclose() -> None:
    assert log_ticks(0.149, 2.31) == [0.1, 0.2, 0.5, 1, 2, 5]
    assert log_ticks(0.1, 1) == [0.1, 0.2, 0.5, 1]
    assert log_ticks(1, 1) == [1, 2]


def test_curve_without_points_is_empty_and_with_bad_points_is_drawn() -> None:
    assert loss_curve([], [], None) == ""
    drawing = loss_curve([(1, 2.0), (2, float("nan")), (3, 1.0)], [(0, 2.5)], 0)
    assert "nan" not in drawing and drawing.count("<circle") == 1


def test_markdown_cells_escape() -> None:
    assert cell("a|b\n<c>") == r"a\|b &lt;c&gt;"
    assert code("a `b` | c") == r"`` a `b` \| c ``"
    assert code("") == "–"
