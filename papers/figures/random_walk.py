"""The rectifier gain at every width, with the printed fit and the series in 1/N.

Reference: sussillo2014, S-07.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from papers.figures.picture import Data, Picture, sources
from papers.figures.style import COLOURS, panels
from papers.tables.notes import theorem
from theory.random_walk.walk import unbiased_g
from theory.symbols import N

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAINS = ("random_walk.relu_gain", "random_walk.relu_gain_fit", "random_walk.relu_gain_series")
MOST = 1000  # the largest width of the gain's figure
ORDER = 2  # after which its series is cut
SEPARATE = 12  # widths that lie far enough apart on a logarithmic axis to be seen as points
SMALL_ERROR = 0.1  # per cent: the axis of errors is linear up to there and logarithmic beyond


def _gain_data() -> Data:
    import numpy as np

    from numerics.evaluate import function

    widths = np.arange(1, MOST + 1)
    return {
        "widths": widths.tolist(),
        "exact": function("random_walk.relu_gain")(N=widths).tolist(),
        "fit": function("random_walk.relu_gain_fit")(N=widths).tolist(),
        "series": function("random_walk.relu_gain_series")(N=widths, order=ORDER).tolist(),
        "sources": sources(map(theorem, GAINS)),
    }


def _draw_gain(data: Data) -> Figure:
    import numpy as np

    widths, exact = np.array(data["widths"]), np.array(data["exact"])
    curves = {
        "printed fit (S-07)": ("fit", "vermilion", (0, (5, 1.5))),
        f"series to $1/N^{ORDER}$": ("series", "blue", (0, (1, 1.2))),
    }
    figure, (above, below) = panels(figsize=(4.6, 4.2), nrows=2, sharex=True, gridspec_kw={"height_ratios": (3, 2)})
    dots: Any = {"marker": ".", "markevery": slice(0, SEPARATE), "markersize": 4}
    above.plot(widths, exact, color="black", label="exact", **dots)
    for label, (name, colour, dashes) in curves.items():
        values = np.array(data[name])
        line: Any = {"color": COLOURS[colour], "linestyle": dashes, **dots}
        above.plot(widths, values, label=label, **line)
        below.plot(widths, 100 * (values / exact - 1), **line)
    above.axhline(np.sqrt(2), color="0.6", linewidth=0.8, zorder=0)
    above.annotate(r"$\sqrt{2}$", (1, np.sqrt(2)), xytext=(0, 2), textcoords="offset points", color="0.4")
    above.set(xscale="log", ylabel="gain $g_*$", xlim=(0.95, MOST), ylim=(1.35, 1.05 * exact.max()))
    above.legend()
    above.xaxis.set_major_formatter("{x:g}")
    below.axhline(0, color="black", linewidth=0.8)
    below.set_yscale("symlog", linthresh=SMALL_ERROR, linscale=0.5)
    below.set(xlabel="width $N$", ylabel="relative error (%)", ylim=(-30, 30))
    below.set_yticks((-10, -1, -0.1, 0, 0.1, 1, 10))
    below.yaxis.set_major_formatter("{x:g}")
    below.minorticks_off()
    return figure


PICTURES = (
    Picture(
        "random_walk_gain",
        (
            *("The gain ", unbiased_g, " that makes the log-norm of a rectifier network's gradient an unbiased walk, for "),
            *("layers of width ", N, ": exact, as fitted by Sussillo and Abbott (2014), and its series in ", 1 / N),
            "; below, the relative errors of fit and series.",
        ),
        _gain_data,
        _draw_gain,
    ),
)
