"""The walks of single networks' log-norms between the bounds that the theorems give them.

Reference: sussillo2014, S-01, S-03, S-07, S-10.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from numerics.evaluate import function
from numerics.experiments.walks import walks
from papers.figures.panel import legend, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.tables.notes import theorem
from theory.random_walk.walk import unbiased_g
from theory.symbols import N

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THEOREMS = "random_walk.walk_mean", "random_walk.walk_variance"
KINDS = {  # activation: its name, the theorem of its random-walk gain, the gain that keeps the mean square with its name
    "relu": ("rectifier", "random_walk.relu_gain", sqrt(2), r"$g=\sqrt{2}$ (mean square kept)"),
    "linear": ("linear", "random_walk.linear_gain", 1.0, r"$g=1$ (mean square kept)"),
}
UNBIASED = "$g=g_*(N)$ (mean logarithm kept)"
WIDTHS = {16: "pale", 64: "dark"}  # and the looks of their walks
DEPTH = 200
NETWORKS = 8  # sampled of each kind
BAND = 2  # standard deviations to both sides of the mean


def _data() -> Data:
    parts, kept = [], []
    for activation, (name, gain_theorem, plain, title) in KINDS.items():
        of_width = function(gain_theorem)
        unbiased = {width: of_width(N=width) for width in WIDTHS}
        for heading, gains in ((title, dict.fromkeys(WIDTHS, plain)), (UNBIASED, unbiased)):
            bands = [_band(width, float(gain), activation) for width, gain in gains.items()]
            kept += [each.pop("kept") for each in bands]
            parts.append({"title": f"{name}, {heading}", "bands": bands})
    names = (*THEOREMS, *(kind[1] for kind in KINDS.values()))
    return {"panels": parts, "sources": sources(map(theorem, names), map(measurement, kept))}


def _band(width: int, gain: float, activation: str) -> Data:
    """Mean and bounds after 0..DEPTH layers, and the sampled walks."""
    layers = np.arange(1, DEPTH + 1)
    mean, variance = (function(name)(N=width, depth=layers, gain=gain, activation=activation) for name in THEOREMS)
    reach = BAND * np.sqrt(variance)
    sample = width, DEPTH, gain, activation, NETWORKS
    return {
        "label": f"$N={width}$: mean $\\pm$ {BAND} standard deviations", "walks label": f"$N={width}$: single networks",
        "look": WIDTHS[width], "layers": [0, *layers.tolist()], "mean": [0.0, *mean.tolist()],
        "low": [0.0, *(mean - reach).tolist()], "high": [0.0, *(mean + reach).tolist()],
        "walks": walks(*sample).tolist(), "kept": walks.kept(*sample),
    }  # fmt: skip


def _draw(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 4.8), nrows=2, ncols=2, sharex=True, sharey="row")
    for one, each in zip(axes.flat, data["panels"], strict=True):
        one.set_title(each["title"])
        for band in each["bands"]:
            _draw_band(one, band)
        one.margins(x=0)
    for below, left in zip(axes[-1], axes[:, 0], strict=True):
        below.set_xlabel("layers passed $l$")
        left.set_ylabel(r"$\ln\,|\partial C/\partial s^{L-l}|^2/|\partial C/\partial s^L|^2$")
    legend(figure, [axes.flat[0]], columns=2)
    return settled(figure)


def _draw_band(axes: Axes, band: Data) -> None:
    look = LOOKS[band["look"]]
    colour, label = COLOURS[look.colour], band["label"]
    axes.fill_between(band["layers"], band["low"], band["high"], color=colour, alpha=0.2, linewidth=0, label=label)
    axes.plot(band["layers"], band["mean"], color="black", linestyle=look.dashes, linewidth=1, label=label, zorder=3)
    for at, walk in enumerate(band["walks"]):
        axes.plot(band["layers"], walk, color=colour, linewidth=0.5, label=None if at else band["walks label"])


PICTURES = (
    Picture(
        "log_norm_walks",
        (
            f"The logarithm of a gradient's squared norm on its way down through {DEPTH} layers of width ",
            N,
            ", in single sampled networks; black, the mean that the theorems give, shaded, two standard deviations to both "
            "sides. With the gain that keeps the mean square the logarithm drifts; with ",
            unbiased_g,
            " it is an unbiased walk, which wider layers keep closer to its start.",
        ),
        _data,
        _draw,
    ),
)
