"""How many questions a file answers when the uncertain ones are left out, and how many of those rightly."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.report.curve import nice_ticks, text
from t2sql.report.formatting import between
from t2sql.runs.records import FEW_ANSWERS, ComparisonRow

_WIDTH, _HEIGHT = 860, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 150, 16, 38

Point = tuple[float, float]


def trusted(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The rows of trained models with enough answers to draw how many of them can be trusted."""
    return [row for row in rows if not row.base and row.n >= FEW_ANSWERS and row.trust and row.trust.curve]


def coverage_curve(rows: Sequence[ComparisonRow]) -> str:
    """An SVG drawing with a line for each row that has one, and a point where the file's threshold is.

    Across: the fraction of questions that are answered; up: the fraction of those that are right.
    """
    rows = [row for row in rows if row.trust]
    lines = [row.trust.curve for row in rows if row.trust]
    if not lines:
        return ""
    low = min(y for points in lines for _, y in points)
    ticks = nice_ticks(max(0.0, int(low * 10) / 10), 1.0)

    def x(share: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    def y(share: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (share - ticks[0]) / (ticks[-1] - ticks[0])

    parts = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-label="Share of right answers by share of questions answered">'
    ]
    for tick in ticks:
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        parts.append(text("tick", _LEFT - 8, y(tick) + 4, "end", f"{tick:.0%}"))
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(text("tick", x(tick), _HEIGHT - _BOTTOM + 18, "middle", f"{tick:.0%}"))
    parts.append(
        text(
            "axis",
            (x(0) + x(1)) / 2,
            _HEIGHT - 4,
            "middle",
            f"questions answered, the likeliest first, of {rows[0].n}",
        )
    )
    labels = _apart([y(points[-1][1]) for points in lines])
    for index, (row, points, label) in enumerate(zip(rows, lines, labels, strict=True)):
        places = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        parts.append(f'<polyline class="line line-{index % 4}" points="{places}"/>')
        trust = row.trust
        if trust is not None and trust.min_logprob is not None and trust.answered:
            share, right = trust.answered / row.n, trust.right / trust.answered
            title = (
                f"{trust.answered} of {row.n} answered, {trust.right} of them right "
                f"({right:.0%}, 95% interval {between(trust.right, trust.answered)})"
            )
            parts.append(
                f'<circle class="mark line-{index % 4}" cx="{x(share):.1f}" cy="{y(right):.1f}" r="5">'
                f"<title>{title}</title></circle>"
            )
        parts.append(text(f"note line-{index % 4}", x(1) + 8, label + 4, "start", row.type))
    parts.append("</svg>")
    return "".join(parts)


def _apart(heights: Sequence[float], least: float = 16.0) -> list[float]:
    """Labels beside the ends of the lines, moved down where they would cover each other."""
    places, above = [0.0] * len(heights), float("-inf")
    for index in sorted(range(len(heights)), key=heights.__getitem__):
        above = places[index] = max(heights[index], above + least)
    return places
