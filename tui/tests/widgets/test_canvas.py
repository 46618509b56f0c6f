"""Our canvas draws what the original draws, and our plot also what is at its edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual_hires_canvas import Canvas

from t2sql_tui.app import T2sqlApp
from t2sql_tui.widgets.canvas import BRAILLE, BrailleCanvas
from t2sql_tui.widgets.plot import Plot


class Both(App[None]):
    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Canvas(30, 12)
            yield BrailleCanvas(30, 12)


@pytest.mark.parametrize("seed", range(5))
async def test_the_same_cells_with_the_same_dots(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Also outside, and lines over lines.
    lines = [tuple(line) for line in random.uniform(-5, 35, size=(40, 4))]
    points = [tuple(point) for point in random.uniform(-2, 32, size=(200, 2))]
    app = Both()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        original, ours = app.query(Canvas)
        for canvas in (original, ours):
            canvas.draw_hires_lines(lines[:30], BRAILLE, "red")
            canvas.set_hires_pixels(points, BRAILLE, "blue")
            canvas.draw_hires_lines(lines[30:], BRAILLE, "green")
            canvas.set_hires_pixels([], BRAILLE, "yellow")
        assert ours._buffer == original._buffer
        assert ours._styles == original._styles
        assert sum(char != " " for row in ours._buffer for char in row) > 100


async def test_the_first_and_the_last_step_the_lowest_and_the_highest_value_are_inside(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(60, 20)) as pilot:
        plot = Plot()
        await app.screen.mount(plot)
        x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 0.5, 5.0, -3.0])
        plot.draw(x, y, "red")
        plot.scatter(x, y, marker="•", marker_style="blue")
        await pilot.pause()
        plot.render()
        buffer = plot.query_one("#plot", Canvas)._buffer
        found = [(row, line.index("•")) for row, line in enumerate(buffer) if "•" in line]
        # The frame is around them.
        assert sum(line.count("•") for line in buffer) == 4
        assert found[0][0] == 1
        assert found[-1] == (len(buffer) - 2, len(buffer[0]) - 2)
