"""The structure of gradients in networks' inputs before any training: along a line, and over a batch of pictures.

Reference: balduzzi2017, section 2 and figure 1.  Experiment: ``gradient_structure``, which says what is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.experiments.estimate import Estimate
from papers.figures.panel import POINTS, depth_axis, dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS
from papers.figures.training_glorot import SETS, short
from papers.tables.notes import theorem
from papers.training import required
from theory.shattering.normalized import beta
from theory.symbols import L, k

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.training.experiments.gradient_structure import Observations, Predictions

CORRELATIONS = (
    "shattering.feedforward_correlation",
    "shattering.normalized_resnet_correlation",
    "shattering.resnet_correlation",
)
SERIES = {  # kinds of networks, in words, and their looks
    "feed-forward": ("feed-forward", "first"),
    "normalised": ("feed-forward, normalised", "second"),
    "residual, beta 0.1": (r"residual, $\beta=0.1$", "third"),
    "residual, beta 1": (r"residual, $\beta=1$", "fourth"),
    "residual, not normalised": ("residual, not normalised", "fifth"),
    "looks linear": ("looks linear", "sixth"),
}
SHORT = {**{kind: kind for kind in SERIES}, "residual, beta 0.1": r"$\beta=0.1$", "residual, beta 1": r"$\beta=1$"}
NOISE = {"brown": "wide", "white": "ideal"}  # and their looks
LEVELS = (0, 0.5, 1)  # of white noise, between the two, of brown noise
ONE_GRADIENT = "looks linear"  # has the same at all inputs: a matrix of rank 1
SAME_LINE = ("normalised",)  # has the theorem of feed-forward networks
ASIDE = 3.0  # points between neighbouring kinds


def _structure() -> Data:
    outcome = required("gradient_structure")
    config, predicted, observed = outcome.config, outcome.predicted, outcome.observed
    ranks = [_ranks(described, predicted, observed) for described in dict.fromkeys(b.data for b in observed.batches)]
    return {
        "heading": (
            f"along a line: width {config.width}; pictures: width {config.picture_width}, "
            f"{config.batch} at once; {config.networks} networks of each kind and depth"
        ),
        "depths": list(config.depths),
        "picture depths": list(config.picture_depths),
        "panels": [_curves(observed), _positions(observed), *ranks],
        "sources": sources(map(theorem, CORRELATIONS), measurement(outcome.kept)),
    }


def _curves(observed: Observations) -> Data:
    """Autocorrelations of noise, and of networks at the depths that decide."""
    config = observed.config
    shallow, deep, last = config.depths[0], config.deep, config.depths[-1]
    shown = (
        *(("feed-forward", shallow), ("feed-forward", deep), ("normalised", deep)),
        *(("residual, beta 0.1", last), ("residual, beta 1", last)),
    )
    found = {(each.kind, each.depth): each.curves for each in observed.lines}
    lags = range(1, config.lags + 1)
    lines = [line("", look, lags, np.mean(found[noise, 0], axis=0)) for noise, look in NOISE.items()]
    sampled = [dots("", SERIES[kind][1], lags, _means(found[kind, depth])) for kind, depth in shown]
    ends = [*(f"{noise} noise" for noise in NOISE), *(f"{SHORT[kind]}, {depth}" for kind, depth in shown)]
    return {**panel("autocorrelation $r(k)$ of $f'(x)$", lines, sampled), "ends": ends}


def _positions(observed: Observations) -> Data:
    """Of every network between white and brown noise, against the depth."""
    from numerics.training.experiments.gradient_structure import positions

    at, depths = positions(observed), observed.config.depths
    lines = [line("", "zero", (depths[0], depths[-1]), (level, level)) for level in LEVELS]
    kinds = [kind for kind in SERIES if (kind, depths[0]) in at]
    return _by_depth(
        "between white and brown noise",
        lines,
        {kind: [at[kind, depth] for depth in depths] for kind in kinds},
        depths,
    )


def _ranks(data: str, predicted: Predictions, observed: Observations) -> Data:
    """Of the gradients of dense networks, beside that of unit vectors of the correlations that the theorems give."""
    config = observed.config
    found = {(b.kind, b.depth): b.ranks for b in observed.batches if (b.data, b.nets) == (data, "dense")}
    networks = {kind: [found[kind, depth] for depth in config.picture_depths] for kind in SERIES}
    least = float(np.mean(networks[ONE_GRADIENT]))  # of a matrix of rank 1, over that of a Gaussian one
    lines = []
    for kind, (label, look) in SERIES.items():
        given = sorted(
            (depth, r)
            for name, depth, r in predicted.correlations
            if name == kind and depth <= config.picture_depths[-1]
        )
        alike = [config.batch / (1 + (config.batch - 1) * r) for _, r in given]
        if kind not in SAME_LINE:
            lines.append(line(label, look, [depth for depth, _ in given], [least * rank for rank in alike]))
    name = data.split(" (")[0]
    return _by_depth(SETS.get(name, name), lines, networks, config.picture_depths)


def _by_depth(
    title: str, lines: Iterable[Data], found: Mapping[str, Sequence[Sequence[float]]], depths: Sequence[int]
) -> Data:
    """Means with two standard errors, and the networks, by kind."""
    sampled = [dots(*SERIES[kind], depths, _means(list(zip(*each, strict=True)))) for kind, each in found.items()]
    networks = [list(map(short, each)) for each in found.values()]
    return {**panel(title, lines, sampled), "networks": networks}


def _means(networks: Sequence[Sequence[float]]) -> list[Estimate]:
    """Column by column."""
    columns = zip(*networks, strict=True)
    return [Estimate(float(np.mean(each)), float(np.std(each, ddof=1)) / math.sqrt(len(each))) for each in columns]


def _draw_structure(data: Data) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(FULL, 5.8), layout="constrained")
    halves: Any = figure.subfigures(nrows=2)
    lines = halves[0].subplots(ncols=2, width_ratios=(1.3, 1))
    ranks = halves[1].subplots(ncols=len(data["panels"]) - 2, sharey=True, squeeze=False)[0]
    axes = [*lines, *ranks]
    figure.suptitle(data["heading"], fontsize=8)
    draw(axes[0], data["panels"][0], aside=0)
    _join(axes[0], data["panels"][0])
    _name_ends(axes[0], data["panels"][0])
    axes[0].set(xlabel="lag $k$")
    axes[0].locator_params(axis="x", integer=True)
    for one, each in zip(axes[1:], data["panels"][1:], strict=True):
        draw(one, each, aside=ASIDE)
        _draw_networks(one, each)
        depths = each["dots"][0]["x"]
        depth_axis(one, depths)
        one.set_xlim(depths[0] / 1.4, 1.4 * depths[-1])
    axes[1].set_yticks(LEVELS, ("white", "1/2", "brown"))
    axes[2].set_ylabel("effective rank of the gradients,\nover that of a Gaussian matrix")
    axes[2].set_ylim(0, None)
    legend(figure, axes[1:], columns=3)
    return settled(figure)


def _join(axes: Axes, data: Data) -> None:
    """Thin lines through the dots of a curve, for the eye."""
    for each in data["dots"]:
        look = LOOKS[each["look"]]
        axes.plot(each["x"], each["y"], color=COLOURS[look.colour], linestyle=look.dashes, linewidth=0.6)


def _name_ends(axes: Axes, data: Data) -> None:
    """What each curve is, right of its end, pushed up where two would overlap."""
    curves = [*data["lines"], *data["dots"]]
    height, least = 0.055, -math.inf
    for name, each in sorted(zip(data["ends"], curves, strict=True), key=lambda pair: pair[1]["y"][-1]):
        least = max(each["y"][-1], least + height)
        axes.annotate(
            name, (each["x"][-1], each["y"][-1]), (1.1 * each["x"][-1], least), fontsize=6.5, va="center",
            annotation_clip=False, arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": COLOURS["grey"]},
        )  # fmt: skip


def _draw_networks(axes: Axes, data: Data) -> None:
    """Small rings beside the means."""
    from matplotlib.transforms import ScaledTranslation

    middle = (len(data["dots"]) - 1) / 2
    for at, (each, networks) in enumerate(zip(data["dots"], data["networks"], strict=True)):
        beside = ScaledTranslation(ASIDE * (at - middle) / POINTS, 0, axes.figure.dpi_scale_trans)
        for depth, found in zip(each["x"], networks, strict=True):
            axes.plot(
                [depth] * len(found), found, linestyle="", marker="o", markersize=1.5, alpha=0.4, markeredgewidth=0,
                color=COLOURS[LOOKS[each["look"]].colour], transform=axes.transData + beside, zorder=1,
            )  # fmt: skip


PICTURES = (
    Picture(
        "training_gradient_structure",
        (
            "What gradients of random rectifier networks look like before training. Above left: the autocorrelation, at"
            " lag ",
            k,
            " on a grid over [-2, 2], of the slope along a line. Dots: means over networks with two standard errors, "
            "named with their depths; black lines: means of as many drawn noises, brown (solid) and white (dashed). "
            "Residual networks are normalised unless named otherwise, and their branches then have the weight ",
            beta,
            ". Above right: where the curve of each network (small dots) lies between those of white and of brown "
            "noise, against the depth ",
            L,
            "; a constant gradient lies above brown. Below: the effective rank of the matrix of a batch's input "
            "gradients of dense networks on pictures, over that of Gaussian matrices. Lines: unit vectors, every two of"
            " the correlation that the theorems on typical data give, which without skips normalisation does not "
            "change. Compare how fast ranks rise with and without skips, in the lines and in the dots.",
        ),
        _structure,
        _draw_structure,
    ),
)
