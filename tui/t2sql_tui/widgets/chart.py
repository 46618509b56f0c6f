"""A live chart of series, thinned to what a screen can show: zoom, log scale, smoothing, a crosshair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from t2sql_tui import formatting
from t2sql_tui.runs.series import Floats, Series, smooth, thin
from t2sql_tui.widgets.plot import Plot, ValueFormatter

SMOOTHING = (0.0, 0.6, 0.9, 0.97)
FEW_POINTS = 40


@dataclass(frozen=True)
class Line:
    """One series of the chart: what it is called, its data and its theme colour. `tag` is a character on the
    line, where colours alone would have to tell it from others."""

    label: str
    series: Series
    colour: str
    smoothed: bool = True
    mark: int | None = None
    tag: str = ""


class Chart(Vertical):
    """`show(lines)`. Keys are the chart's own: it must have the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "toggle_log", "Log scale"),
        Binding("s", "next_smoothing", "Smooth"),
        Binding("t", "toggle_time", "Steps or time", show=False),
        Binding("x", "toggle_crosshair", "Crosshair"),
    ]

    def __init__(self, title: str = "Loss") -> None:
        super().__init__(id="chart")
        self.border_title = title
        self.lines: Sequence[Line] = ()
        self.logarithmic = False
        self.by_time = False
        self.smoothing = 0.0
        self.crosshair: float | None = None
        self._smooth_cache: dict[int, tuple[tuple[int, int, float], Floats]] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="legend-line", markup=False)
        yield Plot()

    @property
    def plot(self) -> Plot:
        return self.query_one(Plot)

    def show(self, lines: Sequence[Line], value_format: str = "loss") -> None:
        self.lines = lines
        self.plot.set_y_formatter(ValueFormatter(value_format, self.logarithmic))
        self.draw()

    # -- drawing

    def draw(self) -> None:
        """Everything again, from the arrays as they are now: at most a few hundred points a line."""
        plot = self.plot
        plot.clear()
        variables = self.app.theme_variables
        ground = Color.parse(variables["background"])
        # Two dots a cell.
        columns = max(16, 2 * plot.columns)
        tags: list[tuple[Floats, Floats, str, str]] = []
        for number, line in enumerate(self.lines, 1):
            x, y = self._data(line)
            if not len(x):
                continue
            colour = variables.get(line.colour, "#56B4E9")
            if self.smoothing and line.smoothed:
                faint = ground.blend(Color.parse(colour), 0.35).hex
                plot.draw(*thin(x, self._scaled(y), columns, plot.window), faint)
                y = self._smoothed(line, y)
            seen_x, seen_y = thin(x, self._scaled(y), columns, plot.window)
            plot.draw(seen_x, seen_y, colour)
            if len(seen_x) <= FEW_POINTS and (len(seen_x) == 1 or not line.smoothed):
                plot.scatter(seen_x, seen_y, marker="•", marker_style=colour)
            if line.tag and len(seen_x):
                at = len(seen_x) * number // (len(self.lines) + 1)
                tags.append((seen_x[at : at + 1], seen_y[at : at + 1], colour, line.tag))
            if line.mark is not None and not self.by_time and (here := x == line.mark).any():
                plot.scatter(x[here], self._scaled(y[here]), marker="★", marker_style=f"bold {colour}")
        # Above all lines, each at another place, as lines that have converged hide each other.
        for x, y, colour, tag in tags:
            plot.scatter(x, y, marker=tag, marker_style=f"bold {colour}")
        if self.crosshair is not None:
            plot.add_v_line(self.crosshair, variables["muted"])
        self._legend()

    def _data(self, line: Line) -> tuple[Floats, Floats]:
        series = line.series
        n = len(series)
        x = series.times[:n] - series.times[0] if self.by_time and n else series.steps[:n]
        y = series.values[:n]
        size = min(len(x), len(y))
        return x[:size], y[:size]

    def _scaled(self, y: Floats) -> Floats:
        if not self.logarithmic:
            return y
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(y > 0, np.log10(y), np.nan)

    def _smoothed(self, line: Line, y: Floats) -> Floats:
        key = (len(y), line.series.version, self.smoothing)
        cached = self._smooth_cache.get(id(line.series))
        if cached is None or cached[0] != key:
            cached = (key, smooth(y, self.smoothing))
            self._smooth_cache[id(line.series)] = cached
        return cached[1]

    def _legend(self) -> None:
        parts: list[Content | str | tuple[str, str]] = []
        if self.crosshair is not None:
            at = (
                formatting.duration(self.crosshair)
                if self.by_time
                else f"step {formatting.count(self.crosshair)}"
            )
            parts.append((f"{at}  ", "bold"))
        for line in self.lines:
            value = self._value_at(line, self.crosshair)
            parts += [("━ ", f"${line.colour}"), formatting.plain(line.label, 24), " "]
            parts += [(self.plot.value_text(value), "bold"), "   "]
        states = [name for name, on in self._states() if on]
        parts.append((" · ".join(states), "$muted"))
        self.query_one("#legend-line", Static).update(Content.assemble(*parts), layout=False)

    def _states(self) -> list[tuple[str, bool]]:
        return [
            ("log", self.logarithmic),
            (f"smooth {self.smoothing}", bool(self.smoothing)),
            ("by time", self.by_time),
            ("zoomed", self.plot.window is not None),
        ]

    def _value_at(self, line: Line, x: float | None) -> float | None:
        xs, ys = self._data(line)
        if not len(xs):
            return None
        if self.smoothing and line.smoothed:
            ys = self._smoothed(line, ys)
        at = len(xs) - 1 if x is None else int(np.argmin(np.abs(xs - x)))
        return float(ys[at])

    # -- what the keys do

    def action_toggle_log(self) -> None:
        self.logarithmic = not self.logarithmic
        self.plot.y_values.logarithmic = self.logarithmic
        self.plot.action_reset_scales()
        self.draw()

    def action_next_smoothing(self) -> None:
        self.smoothing = SMOOTHING[(SMOOTHING.index(self.smoothing) + 1) % len(SMOOTHING)]
        self.draw()

    def action_toggle_time(self) -> None:
        self.by_time = not self.by_time
        self.crosshair = None
        self.plot.by_time(self.by_time)
        self.plot.action_reset_scales()
        self.draw()

    def action_toggle_crosshair(self) -> None:
        self.crosshair = self._last_x() if self.crosshair is None else None
        self.plot.crosshair = self.crosshair is not None
        self.draw()

    def _last_x(self) -> float | None:
        lasts = [float(x[-1]) for x, _ in map(self._data, self.lines) if len(x)]
        return max(lasts, default=None)

    @on(Plot.ScaleChanged)
    def _zoomed(self) -> None:
        self.draw()

    @on(Plot.Resized)
    def _resized(self) -> None:
        self.draw()

    @on(Plot.CrosshairMoved)
    def _read(self, event: Plot.CrosshairMoved) -> None:
        if self.crosshair is None:
            return
        x = self.crosshair + event.by if event.to is None else event.to
        self.crosshair = self._nearest(x, math.copysign(1, event.by) if event.to is None else 0)
        self.draw()

    def _nearest(self, x: float, direction: float) -> float:
        """The x of the nearest point, so that what is read is a measured value."""
        best = x
        for line in self.lines[:1]:
            xs, _ = self._data(line)
            if not len(xs):
                break
            at = int(np.argmin(np.abs(xs - x)))
            if direction and self.crosshair is not None and xs[at] == self.crosshair:
                at = min(max(0, at + int(direction)), len(xs) - 1)
            best = float(xs[at])
        return best
