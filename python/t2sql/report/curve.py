"""The loss curve as inline SVG: training loss, validation points, the chosen checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

_WIDTH, _HEIGHT = 860, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 16, 38

Point = tuple[float, float]


def loss_curve(train: Sequence[Point], valid: Sequence[Point], best_step: int | None) -> str:
    """An SVG drawing whose colours are the page's.

    Args:
        train: (step, loss) of the training reports.
        valid: (step, loss) of the validations.
        best_step: The chosen checkpoint's step.

    Returns:
        The `<svg>` element; empty without points.
    """
    points = [p for p in (*train, *valid) if math.isfinite(p[1])]
    if not points:
        return ""
    last = max(max(step for step, _ in points), 1.0)
    top, least = max(loss for _, loss in points), min(loss for _, loss in points)
    # A loss that falls many times over is a flat line at the bottom of a linear axis.
    logarithmic = least > 0 and top / least > 5
    ticks = log_ticks(least, top) if logarithmic else nice_ticks(0.0, top)
    low, high = ticks[0], ticks[-1]

    def height(loss: float) -> float:
        loss = min(max(loss, low), high)
        return math.log(loss / low) / math.log(high / low) if logarithmic else (loss - low) / (high - low)

    def x(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last

    def y(loss: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * height(loss)

    parts = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-label="Training and validation loss by step">'
    ]
    for tick in ticks:
        at = f"{y(tick):.1f}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(text("tick", _LEFT - 8, y(tick) + 4, "end", f"{tick:g}"))
    for tick in nice_ticks(0.0, last, inside=True):
        parts.append(text("tick", x(tick), _HEIGHT - _BOTTOM + 18, "middle", f"{tick:g}"))
    parts.append(text("axis", (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 4, "middle", "step"))
    best = next((p for p in valid if best_step is not None and p[0] == best_step), None)
    if best is not None:
        parts.append(
            f'<line class="best-line" x1="{x(best[0]):.1f}" x2="{x(best[0]):.1f}" '
            f'y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        )
    parts.append(_path(train, x, y, "train"))
    parts.append(_path(valid, x, y, "valid"))
    for step, loss in valid:
        if math.isfinite(loss):
            chosen = best is not None and step == best[0]
            label = f"step {step:g}: validation loss {loss:.4f}" + (", chosen" if chosen else "")
            parts.append(
                f'<circle class="point{" best" if chosen else ""}" cx="{x(step):.1f}" cy="{y(loss):.1f}" '
                f'r="{6.5 if chosen else 4}"><title>{label}</title></circle>'
            )
    if best is not None:
        side = "end" if x(best[0]) > _WIDTH * 0.6 else "start"
        shift = -12 if side == "end" else 12
        label = f"chosen: step {best[0]:g}, {best[1]:.3f}"
        parts.append(text("note", x(best[0]) + shift, max(y(best[1]) - 26, _TOP + 10), side, label))
    parts.append("</svg>")
    return "".join(parts)


def nice_ticks(low: float, high: float, *, inside: bool = False, about: int = 5) -> list[float]:
    """Round numbers from `low` on; the last reaches `high`, or with `inside` stays below it."""
    span = max(high - low, 1e-9)
    size = 10 ** math.floor(math.log10(span / about))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if span / (size * m) <= about)
    count = math.floor(span / step + 1e-9) if inside else math.ceil(span / step - 1e-9)
    return [round(low + step * i, 10) for i in range(count + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten, from the one below `low` to the one above `high`."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    ticks = [round(m * 10.0**p, 12) for p in powers for m in (1, 2, 5)]
    first = max(i for i, tick in enumerate(ticks) if tick <= low)
    last = min(i for i, tick in enumerate(ticks) if tick >= high)
    return ticks[first : max(last, first + 1) + 1]


def text(kind: str, x: float, y: float, anchor: str, words: str) -> str:
    """A `<text>` element of a class, at a place, anchored at its "start", "middle" or "end"."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _path(
    points: Sequence[Point], x: Callable[[float], float], y: Callable[[float], float], name: str
) -> str:
    places = [f"{x(step):.1f},{y(loss):.1f}" for step, loss in points if math.isfinite(loss)]
    return f'<polyline class="{name}" points="{" ".join(places)}"/>' if len(places) > 1 else ""
