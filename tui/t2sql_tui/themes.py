"""The app's themes, made of Okabe and Ito's colours, which people with any colour vision can tell apart.

https://jfly.uni-koeln.de/color/ (the lines' colours are lightened or darkened for contrast with the ground).
"""

from __future__ import annotations

from textual.theme import Theme

DARK_SERIES = ("#56B4E9", "#E69F00", "#2CC295", "#E48FBE", "#F0E442", "#F27D42")
LIGHT_SERIES = ("#0072B2", "#B85C00", "#00795A", "#A8457F", "#7A6A00", "#3D3D3D")
CONTRAST_SERIES = ("#6CCBFF", "#FFB300", "#3DE0AE", "#FF9FD2", "#FFF04D", "#FF8A4D")


def _variables(series: tuple[str, ...], muted: str, grid: str, panel: str) -> dict[str, str]:
    colours = {f"series-{i}": colour for i, colour in enumerate(series, 1)}
    scrollbar = {"scrollbar": grid, "scrollbar-hover": muted, "scrollbar-background": panel}
    return colours | scrollbar | {"muted": muted, "grid": grid, "footer-key-foreground": series[0]}


DARK = Theme(
    name="t2sql-dark",
    primary="#56B4E9",
    secondary="#E69F00",
    accent="#E69F00",
    success="#2CC295",
    warning="#F0C442",
    error="#F27D42",
    foreground="#D8DEE6",
    background="#10151B",
    surface="#151B23",
    panel="#1E2630",
    dark=True,
    variables=_variables(DARK_SERIES, "#8A97A6", "#3A4654", "#1E2630"),
)
LIGHT = Theme(
    name="t2sql-light",
    primary="#0072B2",
    secondary="#B85C00",
    accent="#B85C00",
    success="#00795A",
    warning="#8A6100",
    error="#B83A00",
    foreground="#1B232C",
    background="#FBFBF8",
    surface="#F3F3EE",
    panel="#E6E7E1",
    dark=False,
    variables=_variables(LIGHT_SERIES, "#5D6875", "#B4BAC0", "#E6E7E1"),
)
CONTRAST = Theme(
    name="t2sql-contrast",
    primary="#6CCBFF",
    secondary="#FFB300",
    accent="#FFB300",
    success="#3DE0AE",
    warning="#FFF04D",
    error="#FF8A4D",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1C1C1C",
    dark=True,
    variables=_variables(CONTRAST_SERIES, "#D0D0D0", "#808080", "#1C1C1C"),
)
THEMES = (DARK, LIGHT, CONTRAST)
MOST_SERIES = len(DARK_SERIES)
"""How many lines a chart can hold: each needs a colour."""
