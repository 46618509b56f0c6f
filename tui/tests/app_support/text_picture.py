"""A screen as text that a person can read in a diff: its characters, then the colours under each line.

An SVG of the same screen takes ten times the room. Made from Textual's own `export_screenshot`.
"""

from __future__ import annotations

import html
import re
from itertools import groupby
from string import ascii_letters, digits

CELL = (12.2, 24.4)
_NAMES = ascii_letters + digits
_RULE = re.compile(r"\.terminal-[\w-]+-(r\d+) \{ ([^}]*) \}")
_TEXT = re.compile(
    r'<text class="terminal-[\w-]+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL
)
_GROUND = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')


def picture(svg: str, width: int, height: int) -> str:
    """The characters of a screen, then for each line its runs of cells with one style, `count` and name, and
    last what each name stands for: foreground and background."""
    styles = {name: rule.replace("fill: ", "").replace(";", " ") for name, rule in _RULE.findall(svg)}
    characters = [[" "] * width for _ in range(height)]
    front = [[""] * width for _ in range(height)]
    back = [[""] * width for _ in range(height)]
    for colour, x, y, wide in _GROUND.findall(svg):
        row, column = round(float(y) / CELL[1] - 0.06), round(float(x) / CELL[0])
        for at in range(column, min(width, column + round(float(wide) / CELL[0]))):
            back[row][at] = colour
    for style, x, y, text in _TEXT.findall(svg):
        row, column = round((float(y) - 20) / CELL[1]), round(float(x) / CELL[0])
        for at, character in enumerate(html.unescape(text).replace("\xa0", " "), column):
            if at < width and 0 <= row < height:
                characters[row][at], front[row][at] = character, styles[style]
    names: dict[tuple[str, str], str] = {}
    runs = []
    for row in range(height):
        cells = list(zip(front[row], back[row], strict=True))
        line = ""
        for look, group in groupby(cells):
            name = names.setdefault(look, _NAMES[len(names) % len(_NAMES)])
            line += f"{len(list(group))}{name}"
        runs.append(line)
    shown = "\n".join("".join(line).rstrip() for line in characters)
    key = "\n".join(f"{name} {fore or '-'} on {ground or '-'}" for (fore, ground), name in names.items())
    return f"{shown}\n\n{chr(10).join(runs)}\n\n{key}\n"
