"""What all figures share: their style, their colours, their dots.

Colours survive colour blindness and, with dashes and markers, grey.  Palette: okabe2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Okabe and Ito's blue, vermilion, green and purple: of different lightness too, and each with its own dashes
COLOURS = {"blue": "#0072B2", "vermilion": "#D55E00", "green": "#009E73", "purple": "#CC79A7"}
STYLE: Any = {
    **{
        "pdf.fonttype": 42,
        "font.size": 9,
        "axes.titlesize": 9,
        "legend.fontsize": 8,
        "legend.frameon": False,
    },
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


def dots(
    axes: Axes, places: Sequence[float], sample: NDArray[np.float64], colour: str, marker: str, label: str | None = None
) -> None:
    """Sampled means with two standard errors, (2, places)."""
    mean, error = sample
    axes.errorbar(
        places, mean, yerr=2 * error, fmt=marker, color=colour, markersize=3.5, elinewidth=1,
        markeredgecolor="black", markeredgewidth=0.4, label=label,
    )  # fmt: skip
