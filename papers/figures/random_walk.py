"""The rectifier gain at every width, with the printed fit and the series in 1/N.

Reference: sussillo2014, S-07.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from papers.figures.style import COLOURS, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 1000  # the largest width of the gain's figure
ORDER = 2  # after which its series is cut
SEPARATE = 12  # widths that lie far enough apart on a logarithmic axis to be seen as points
SMALL_ERROR = 0.1  # per cent: the axis of errors is linear up to there and logarithmic beyond


def rectifier_gain() -> Figure:
    """The exact gain, the printed fit and the series in 1/N, with the errors of the latter two below."""
    import numpy as np

    from numerics.evaluate import function

    widths = np.arange(1, MOST + 1)
    exact = function("random_walk.relu_gain")(N=widths)
    curves = {
        "printed fit (S-07)": (function("random_walk.relu_gain_fit")(N=widths), "vermilion", (0, (5, 1.5))),
        f"series to $1/N^{ORDER}$": (
            function("random_walk.relu_gain_series")(N=widths, order=ORDER), "blue", (0, (1, 1.2))
        ),
    }  # fmt: skip
    figure, (above, below) = panels(figsize=(4.6, 4.2), nrows=2, sharex=True, gridspec_kw={"height_ratios": (3, 2)})
    dots = {"marker": ".", "markevery": slice(0, SEPARATE), "markersize": 4}
    above.plot(widths, exact, color="black", label="exact", **dots)
    for label, (values, colour, dashes) in curves.items():
        line = {"color": COLOURS[colour], "linestyle": dashes, **dots}
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
