"""Helpers of the tests that drive the app: waiting for what workers post, and reading the screen as text."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until the condition holds, as a person would: by looking again and again."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come to pass in {seconds} s:\n{text_of(pilot.app)}"
        await pilot.pause()
        await asyncio.sleep(0.02)
    await pilot.pause()


async def until_shown(pilot: Pilot[None], *texts: str, seconds: float = 10.0) -> str:
    """Wait until the screen holds all these texts; gives the screen."""
    await until(pilot, lambda: all(text in text_of(pilot.app) for text in texts), seconds)
    return text_of(pilot.app)


def text_of(app: App[None]) -> str:
    """What the terminal shows, as lines of text."""
    svg = app.export_screenshot()
    lines: dict[float, list[tuple[float, str]]] = {}
    for match in re.finditer(r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        x, y, text = float(match[1]), float(match[2]), html.unescape(match[3])
        lines.setdefault(y, []).append((x, text.replace("\xa0", " ")))
    return "\n".join(_line(pieces) for _, pieces in sorted(lines.items()))


def _line(pieces: list[tuple[float, str]]) -> str:
    # SVG text is placed by coordinates of 12.2 units a cell; blank cells are not written.
    line = ""
    for x, text in sorted(pieces):
        line = line.ljust(round(x / 12.2)) + text
    return line.rstrip()
