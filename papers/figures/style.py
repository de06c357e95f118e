"""What all figures share: their type, their colours, and the looks of series that a panel's data name.

No two looks of a panel differ in colour alone: lines have their own dashes, dots their own marker, so that figures are read
in grey and by the colour-blind.  Palette: okabe2008.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL, COLUMN = 6.6, 3.3  # inches: a page's text, and one column of two

COLOURS = {
    **{"blue": "#0072B2", "vermilion": "#D55E00", "green": "#009E73", "purple": "#CC79A7"},
    **{"orange": "#E69F00", "black": "#000000", "grey": "#777777"},
}


@dataclass(frozen=True)
class Look:
    """Of a series: a name of `COLOURS`, a line's dashes (as matplotlib has them) and breadth in points, a dot's marker."""

    colour: str
    dashes: Any
    marker: str = ""
    breadth: float = 1.3


_SERIES = {
    "first": Look("vermilion", "-", "o"),
    "second": Look("blue", (0, (5, 1.5)), "s"),
    "third": Look("green", (0, (1, 1.2)), "^"),
    "fourth": Look("purple", (0, (5, 1.5, 1, 1.5)), "D"),
    "fifth": Look("orange", (0, (5, 1.5, 1, 1.5, 1, 1.5)), "v"),
    "sixth": Look("black", (0, (8, 2)), "P"),
    "seventh": Look("grey", (0, (2, 1)), "X"),
}
LOOKS = {
    **_SERIES,
    "first, printed": replace(_SERIES["first"], dashes=(0, (1.5, 2.5)), breadth=0.9),
    "second, printed": replace(_SERIES["second"], dashes=(0, (6, 2, 1.5, 2)), breadth=0.9),
    "ideal": Look("black", (0, (4, 2))),
    "wide": Look("black", "-"),
    "bound": Look("grey", (0, (4, 1.5, 1, 1.5)), breadth=0.9),
    "pale": Look("orange", (0, (4, 2))),
    "dark": Look("blue", "-"),
    "zero": Look("grey", "-", breadth=0.8),
}
STYLE: Any = {
    **{"pdf.fonttype": 42, "font.size": 9, "axes.titlesize": 9, "legend.fontsize": 8, "legend.frameon": False},
    **{"axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.3, "figure.dpi": 200},
    **{"mathtext.fontset": "dejavuserif", "font.family": "serif", "savefig.dpi": 200},
}


def style() -> AbstractContextManager[Any]:
    import matplotlib

    return matplotlib.rc_context(STYLE)


def panels(**size: Any) -> tuple[Figure, Any]:
    """A figure of its own, which no window and no global state knows (so the Agg canvas draws it)."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=size.pop("figsize"), layout="constrained")
    return drawn, drawn.subplots(**size)
