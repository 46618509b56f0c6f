"""A chart of growing series, thinned to what fits: zoom, log scale, smoothing, a crosshair."""

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
from t2sql_tui.widgets.plot import Plot, ValueFormat, ValueFormatter

SMOOTHING = (0.0, 0.6, 0.9, 0.97)
"""Weights of the exponential moving average that `s` goes through."""
FEW_POINTS = 40
"""A line of measured values with no more points than this shows each of them as a dot."""


@dataclass(frozen=True)
class Line:
    """One line of the chart.

    Attributes:
        label: Its name in the legend.
        series: Its points.
        colour: The name of its colour in the theme.
        smoothed: Whether smoothing applies to it.
        mark: The step of a point that gets a star.
        tag: A character on the line, so that colour is not the only thing that tells lines apart.
    """

    label: str
    series: Series
    colour: str
    smoothed: bool = True
    mark: int | None = None
    tag: str = ""


class Chart(Vertical):
    """A legend above a plot. Its keys work while the plot has the focus.

    Attributes:
        lines: What is shown.
        logarithmic: Whether the y axis is logarithmic.
        by_time: Whether the x axis is in seconds since the first point; else in steps.
        smoothing: The weight of the moving average; 0 is none.
        crosshair: The place on the x axis whose values the legend shows; None shows the last ones.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "toggle_log", "Log scale"),
        Binding("s", "next_smoothing", "Smooth"),
        Binding("t", "toggle_time", "Steps or time", show=False),
        Binding("x", "toggle_crosshair", "Crosshair"),
    ]

    def __init__(self, title: str = "Loss") -> None:
        """Begin without lines.

        Args:
            title: The title on the border.
        """
        super().__init__(id="chart")
        self.border_title = title
        self.lines: Sequence[Line] = ()
        self.logarithmic = False
        self.by_time = False
        self.smoothing = 0.0
        self.crosshair: float | None = None
        self._smooth_cache: dict[int, tuple[tuple[int, int, float], Floats]] = {}

    def compose(self) -> ComposeResult:
        """The legend and the plot."""
        yield Static(id="legend-line", markup=False)
        yield Plot()

    @property
    def plot(self) -> Plot:
        """The plot."""
        return self.query_one(Plot)

    def show(self, lines: Sequence[Line], value_format: ValueFormat = "loss") -> None:
        """Replace the lines.

        Args:
            lines: The lines; their series may grow while they are shown.
            value_format: What the values are, which says how they are written.
        """
        self.lines = lines
        self.plot.set_y_formatter(ValueFormatter(value_format, self.logarithmic))
        self.draw()

    # -- drawing

    def draw(self) -> None:
        """Draw everything again from the series as they are now: at most a few hundred points a line."""
        plot = self.plot
        plot.clear()
        variables = self.app.theme_variables
        background = Color.parse(variables["background"])
        # A cell is two dots wide.
        columns = max(16, 2 * plot.columns)
        tags: list[tuple[Floats, Floats, str, str]] = []
        for number, line in enumerate(self.lines, 1):
            x, y = self._data(line)
            if not len(x):
                continue
            colour = variables.get(line.colour, "#56B4E9")
            if self.smoothing and line.smoothed:
                faint = background.blend(Color.parse(colour), 0.35).hex
                plot.draw(*thin(x, self._scaled(y), columns, plot.window), faint)
                y = self._smoothed(line, y)
            thin_x, thin_y = thin(x, self._scaled(y), columns, plot.window)
            plot.draw(thin_x, thin_y, colour)
            if len(thin_x) <= FEW_POINTS and (len(thin_x) == 1 or not line.smoothed):
                plot.scatter(thin_x, thin_y, marker="•", marker_style=colour)
            if line.tag and len(thin_x):
                index = len(thin_x) * number // (len(self.lines) + 1)
                tags.append((thin_x[index : index + 1], thin_y[index : index + 1], colour, line.tag))
            if line.mark is not None and not self.by_time and (marked := x == line.mark).any():
                plot.scatter(x[marked], self._scaled(y[marked]), marker="★", marker_style=f"bold {colour}")
        # On top of all lines, each at another place, since lines that have converged hide each other.
        for x, y, colour, tag in tags:
            plot.scatter(x, y, marker=tag, marker_style=f"bold {colour}")
        if self.crosshair is not None:
            plot.add_v_line(self.crosshair, variables["muted"])
        self._legend()

    def _data(self, line: Line) -> tuple[Floats, Floats]:
        """The points' places on both axes; the series may grow meanwhile, so both are cut to one length."""
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
        states = [name for name, is_on in self._states() if is_on]
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
        index = len(xs) - 1 if x is None else int(np.argmin(np.abs(xs - x)))
        return float(ys[index])

    # -- keys

    def action_toggle_log(self) -> None:
        """`l`: a logarithmic y axis, or a linear one."""
        self.logarithmic = not self.logarithmic
        self.plot.y_values.logarithmic = self.logarithmic
        self.plot.action_reset_scales()
        self.draw()

    def action_next_smoothing(self) -> None:
        """`s`: the next weight of the moving average."""
        self.smoothing = SMOOTHING[(SMOOTHING.index(self.smoothing) + 1) % len(SMOOTHING)]
        self.draw()

    def action_toggle_time(self) -> None:
        """`t`: steps or seconds on the x axis."""
        self.by_time = not self.by_time
        self.crosshair = None
        self.plot.by_time(self.by_time)
        self.plot.action_reset_scales()
        self.draw()

    def action_toggle_crosshair(self) -> None:
        """`x`: put the crosshair at the last point, or take it away."""
        self.crosshair = self._last_x() if self.crosshair is None else None
        self.plot.crosshair = self.crosshair is not None
        self.draw()

    def _last_x(self) -> float | None:
        lasts = [float(x[-1]) for x, _ in map(self._data, self.lines) if len(x)]
        return max(lasts, default=None)

    @on(Plot.ScaleChanged)
    def _draw_zoomed(self) -> None:
        self.draw()

    @on(Plot.Resized)
    def _draw_resized(self) -> None:
        self.draw()

    @on(Plot.CrosshairMoved)
    def _move_crosshair(self, event: Plot.CrosshairMoved) -> None:
        if self.crosshair is None:
            return
        x = self.crosshair + event.by if event.to is None else event.to
        self.crosshair = self._nearest(x, math.copysign(1, event.by) if event.to is None else 0)
        self.draw()

    def _nearest(self, x: float, direction: float) -> float:
        """The x of the first line's point nearest to `x`; with a direction, never the point we come from."""
        best = x
        for line in self.lines[:1]:
            xs, _ = self._data(line)
            if not len(xs):
                break
            index = int(np.argmin(np.abs(xs - x)))
            if direction and self.crosshair is not None and xs[index] == self.crosshair:
                index = min(max(0, index + int(direction)), len(xs) - 1)
            best = float(xs[index])
        return best
