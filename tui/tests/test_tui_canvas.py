"""Our canvas draws what the original draws."""

from __future__ import annotations

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual_hires_canvas import Canvas

from t2sql_tui.widgets.canvas import BRAILLE, BrailleCanvas


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
