"""textual-plot's widget as the chart uses it: braille lines, narrow margins, zoom, crosshair keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, ClassVar, TypeAlias

from numpy import floating
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.events import MouseMove, Resize
from textual.message import Message
from textual_plot import PlotWidget
from textual_plot.axis_formatter import AxisFormatter, NumericAxisFormatter
from textual_plot.plot_widget import Legend, linear_mapper

from t2sql_tui import formatting
from t2sql_tui.runs.series import Floats
from t2sql_tui.widgets.canvas import BRAILLE, BrailleCanvas

Real: TypeAlias = float | floating[Any]
"""A coordinate, as textual-plot gives and takes it."""
ValueFormat: TypeAlias = str
"""What the y axis shows: "memory_bytes", "tokens_per_second", "learning_rate" or "loss"; any other number is
written as a loss."""


class ValueFormatter(NumericAxisFormatter):
    """Labels of the y axis; where it is logarithmic, at powers of ten or between them.

    Attributes:
        kind: What the values are.
        logarithmic: Whether ticks are logarithms to the base 10.
    """

    def __init__(self, kind: ValueFormat = "loss", logarithmic: bool = False) -> None:
        """Choose how values are written.

        Args:
            kind: What the values are.
            logarithmic: Whether ticks are logarithms to the base 10.
        """
        self.kind = kind
        self.logarithmic = logarithmic

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Where to put labels between two values (logarithms, where the axis is logarithmic)."""
        if not self.logarithmic:
            return super().get_ticks(min_, max_, max_ticks)
        # Whole powers of ten where there are enough; else 1, 2 and 5 times each, as on logarithmic paper.
        for digits in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
            powers = range(floor(min_), ceil(max_) + 1)
            ticks = [power + log10(digit) for power in powers for digit in digits]
            ticks = [tick for tick in ticks if min_ <= tick <= max_]
            if len(ticks) >= 3:
                break
        return ticks

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The ticks' values as text."""
        if self.logarithmic:
            values = [10.0**tick for tick in ticks]
            return [f"{value:.3g}" if self.kind == "loss" else self.text(value) for value in values]
        if self.kind == "loss":
            return super().get_labels_for_ticks(ticks)
        return [self.text(tick) for tick in ticks]

    def text(self, value: float | None) -> str:
        """One value; a dash for None."""
        if value is None:
            return formatting.NONE
        if self.kind == "memory_bytes":
            return formatting.size(value)
        if self.kind == "tokens_per_second":
            return formatting.rate(value)
        if self.kind == "learning_rate":
            return f"{value:.2g}"
        return formatting.loss(value)


class StepFormatter(NumericAxisFormatter):
    """Labels of an x axis in steps."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The whole ones of the ticks as numbers, and nothing for the others."""
        return [formatting.count(tick) if tick == int(tick) else "" for tick in ticks]


class TimeFormatter(NumericAxisFormatter):
    """Labels of an x axis in seconds."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The ticks as durations."""
        return [formatting.duration(tick) for tick in ticks]


class Plot(PlotWidget):
    """Draws what it is given, and posts a message when another part of the axes is seen.

    Besides its own messages it posts textual-plot's `ScaleChanged`.

    Attributes:
        window: The range of the x axis after a zoom or a pan; None shows all.
        crosshair: Whether the arrows and the mouse move the crosshair; else the arrows pan.
        y_values: How values of the y axis are written.
    """

    @dataclass
    class CrosshairMoved(Message):
        """The crosshair is to be moved.

        Attributes:
            to: A place on the x axis; None where `by` counts.
            by: A distance on the x axis.
        """

        to: float | None = None
        by: float = 0.0

    class Resized(Message):
        """The plot has another size, so another number of points fits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "pan_left", "Pan, or move the crosshair", show=False),
        Binding("right", "pan_right", "Pan, or move the crosshair", show=False),
        Binding("up", "pan_up", "Pan up and down", show=False),
        Binding("down", "pan_down", "Pan up and down", show=False),
        Binding("plus,equals_sign", "zoom_in", "Zoom in and out", show=False),
        Binding("minus", "zoom_out", "Zoom in and out", show=False),
        Binding("r,0", "reset_scales", "Show the whole again", show=False),
        Binding("shift+left", "jump(-10)", "The same, ten times as far", show=False),
        Binding("shift+right", "jump(10)", "The same, ten times as far", show=False),
    ]

    margin_top = 0
    margin_bottom = 1
    margin_left = 9

    def __init__(self) -> None:
        """Begin empty, with steps on the x axis."""
        super().__init__(id="plot-area", invert_mouse_wheel=True)
        self.window: tuple[float, float] | None = None
        self.crosshair = False
        self.y_values = ValueFormatter()
        self.set_x_formatter(StepFormatter())

    def compose(self) -> ComposeResult:
        """The original's parts, with our canvas for each."""
        with Grid():
            for part in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield BrailleCanvas(1, 1, id=part)
        yield Legend(id="legend")

    @property
    def columns(self) -> int:
        """The width of the plot in cells, without the labels of the y axis."""
        return max(0, self.size.width - self.margin_left)

    def set_y_formatter(self, formatter: AxisFormatter) -> None:
        """Replace how values of the y axis are written."""
        if isinstance(formatter, ValueFormatter):
            self.y_values = formatter
        super().set_y_formatter(formatter)

    def value_text(self, value: float | None) -> str:
        """A value of the y axis as its labels have it."""
        return self.y_values.text(value)

    def by_time(self, by_time: bool) -> None:
        """Label the x axis in seconds, or in steps."""
        self.set_x_formatter(TimeFormatter() if by_time else StepFormatter())

    def draw(self, x: Floats, y: Floats, colour: str) -> None:
        """Add a line through points in ascending order of x."""
        self.plot(x, y, line_style=colour, hires_mode=BRAILLE)

    def on_resize(self, event: Resize) -> None:
        """Post `Resized`."""
        self.post_message(self.Resized())

    # -- where a value is

    def get_hires_pixel_from_coordinate(self, x: Real, y: Real) -> tuple[float, float]:
        """The place of a value in cells, in the middle of a dot.

        The last step and the lowest value are inside. In the original they are past the edge, and they matter
        most in a chart of losses.

        Args:
            x: The value's place on the x axis.
            y: The value.

        Returns:
            Column and row in cells, from the left and from the top.
        """
        area = self._scale_rectangle
        return (
            float(linear_mapper(x, self._x_min, self._x_max, area.x + 1 / 4, area.right - 1 / 4)),
            float(linear_mapper(y, self._y_min, self._y_max, area.bottom - 1 / 8, area.y + 1 / 8)),
        )

    def get_pixel_from_coordinate(self, x: Real, y: Real) -> tuple[int, int]:
        """The cell of a value, as column and row."""
        column, row = self.get_hires_pixel_from_coordinate(x, y)
        return floor(column), floor(row)

    # -- the window

    def _zoom(self, center_x: float, center_y: float, factor: float, zoom_x: bool, zoom_y: bool) -> None:
        super()._zoom(center_x, center_y, factor, zoom_x, zoom_y)
        self.window = (self._x_min, self._x_max)

    def _pan(self, factor_x: float, factor_y: float) -> None:
        super()._pan(factor_x, factor_y)
        if factor_x:
            self.window = (self._x_min, self._x_max)

    def action_reset_scales(self) -> None:
        """`r` or `0`: show all of it again."""
        self.window = None
        super().action_reset_scales()

    # -- the crosshair

    def _one_column(self) -> float:
        return (self._x_max - self._x_min) / max(1, self.columns)

    def action_jump(self, by: int) -> None:
        """Shift with an arrow: move the crosshair by so many columns, or pan."""
        if self.crosshair:
            self.post_message(self.CrosshairMoved(by=by * self._one_column()))
        else:
            self._pan(-by, 0)

    def action_pan_left(self) -> None:
        """Left: move the crosshair by a column, or pan."""
        if self.crosshair:
            self.post_message(self.CrosshairMoved(by=-self._one_column()))
        else:
            super().action_pan_left()

    def action_pan_right(self) -> None:
        """Right: move the crosshair by a column, or pan."""
        if self.crosshair:
            self.post_message(self.CrosshairMoved(by=self._one_column()))
        else:
            super().action_pan_right()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move the crosshair under the mouse, unless it drags the plot."""
        if self.crosshair and event.button == 0:
            left = self.query_one("#plot").region.x
            x, _ = self.get_coordinate_from_pixel(event.screen_x - left, 1)
            self.post_message(self.CrosshairMoved(to=x))
