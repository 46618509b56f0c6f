"""The grid of a result's rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_support.pilots import until_shown

from t2sql_tui.app import T2sqlApp
from t2sql_tui.widgets.grid import Grid, cell


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "NULL"),
        (b"\x00" * 100, "x'" + "00" * 18 + "0…"),
        ("a\nb\x1b[2J", r"a\nb\x1b[2J"),
        (1.5, "1.5"),
        ({"a": None}, '{"a": null}'),
        ("日本" * 30, "日本" * 9 + "日…"),
    ],
)
def test_a_cell_cannot_steer_the_terminal(value: object, shown: str) -> None:
    assert cell(value) == shown


async def test_the_grid_shows_only_what_is_in_sight(root: Path) -> None:
    app = T2sqlApp(root)
    async with app.run_test(size=(80, 24)) as pilot:
        grid = Grid("rows")
        await app.screen.mount(grid)

        class Counted(list[tuple[int, str]]):
            read = 0

            def __getitem__(self, at: object) -> object:  # type: ignore[override]
                Counted.read += 1
                return super().__getitem__(at)  # type: ignore[index]

        rows = Counted((i, "x" * 90) for i in range(1_000_000))
        grid.show(("n", "text"), rows)
        grid.focus()
        await pilot.pause()
        await pilot.press("end")
        await until_shown(pilot, "999999", "…")
        assert Counted.read < 2000
