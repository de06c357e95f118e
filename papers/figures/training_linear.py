"""Deep networks that are linear, or look so at first: what they learn where others do not, and how fast.

Lines and shades are predictions, dots are networks that were trained.
Reference: balduzzi2017, B-20; saxe2014, R-10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.experiments.estimate import Estimate
from numerics.training.experiments import deep_linear, looks_linear
from papers.figures.networks import draw_singles, head, name_top, setting, singles
from papers.figures.panel import depth_axis, dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.tables.notes import theorem
from papers.training import required
from theory.symbols import D, k

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACES = 40  # of a line
REACH = 2  # standard deviations of a walk to both sides
ASIDE = 10  # points from architecture to architecture, of which a mean's networks are so many beside it
BESIDE_MEAN = 4.5
ROOM, ROOM_OF_LAW = 5, 14  # points for the networks of one architecture, or law, and one depth
ARCHITECTURES = {  # their looks and names
    "he": ("first", "rectifiers, He"),
    "orthogonal": ("second", "looks linear, orthogonal"),
    "normal": ("third", "looks linear, normal"),
    "residual": ("fourth", "residual, normalised"),
    "linear": ("fifth", "linear"),
}
NEVER_SHATTER = "orthogonal", "normal", "linear"
GRADIENTS = "shattering.relu_gradient_correlation", "shattering.normalized_resnet_correlation"
ISOMETRY = "shattering.looks_linear_gradient", "shattering.looks_linear_isometry"
MOMENTS = "mean", "deviation"
LAWS = {"orthogonal": "second", "normal": "first"}  # and their looks
WALKS = "random_walk.walk_mean", "random_walk.walk_variance"


def _depths(depths: Sequence[int]) -> tuple[int, ...]:
    """Those of a line from the first to the last."""
    return tuple(sorted({round(depth) for depth in np.geomspace(depths[0], depths[-1], PLACES)}))


# --- networks that look linear ---------------------------------------------------------------------


def _looks_linear() -> Data:
    outcome = required("looks_linear")
    config, observed = outcome.config, outcome.observed
    ends = config.depths[0], config.depths[-1]
    level, means, networks = line("test error of guessing", "zero", ends, [observed.guessing] * 2), [], []
    for kind, (look, name) in ARCHITECTURES.items():
        runs = [run for run in observed.runs if run.architecture == kind]
        means.append(dots(name, look, [run.depth for run in runs], [_mean(run.errors) for run in runs]))
        each = [(run.depth, error) for run in runs for error in run.errors]
        networks.append(singles("", look, each, 1.0))
    right = {**panel("test error at the best rate", [level], means), "networks": networks}
    rests_on = measurement(outcome.kept), computation(looks_linear.predictions)
    return {
        "about": f"layers of width {config.width}, or of as many weights; Adam\n{setting(config)}",
        "depths": config.depths, "panels": [_agreement(config), right],
        "sources": sources(rests_on, map(theorem, (*GRADIENTS, *ISOMETRY))),
    }  # fmt: skip


def _agreement(config: looks_linear.Config) -> Data:
    """(k - 1)R against the depth, for k gradients of correlation R; one line for all that have R = 1."""
    grid = _depths(config.depths)
    found: dict[str, list[float]] = {kind: [] for kind in ARCHITECTURES}
    for each in looks_linear.predictions(replace(config, depths=grid)):
        found[each.architecture].append((config.batch - 1) * each.correlation)
    lines = [line(ARCHITECTURES[kind][1], ARCHITECTURES[kind][0], grid, found[kind]) for kind in ("he", "residual")]
    lines += [line("linear and looks linear", "wide", grid, found[kind]) for kind in NEVER_SHATTER[:1]]
    threshold = line("predicted to learn: above 1", "bound", (grid[0], grid[-1]), (1, 1))
    return panel(f"agreement of $k={config.batch}$ gradients", [*lines, threshold], [])


def _mean(errors: Sequence[float]) -> Estimate:
    return Estimate(float(np.mean(errors)), float(np.std(errors, ddof=1)) / math.sqrt(len(errors)))


def _draw_looks_linear(data: Data) -> Figure:
    figure, (left, right) = panels(figsize=(FULL, 3.7), ncols=2, width_ratios=(2, 3))
    head(figure, data["about"])
    for one, each in zip((left, right), data["panels"], strict=True):
        draw(one, each, aside=ASIDE)
    left.set(ylabel="$(k-1)R$", yscale="log")
    for one in (left, right):
        depth_axis(one, data["depths"])
    right.set(ylim=(0, 1))
    right.margins(x=0.16)
    series = data["panels"][1]["networks"]
    for at, each in enumerate(series):
        draw_singles(right, each, 1.0, ROOM, ASIDE * (at - (len(series) - 1) / 2) + BESIDE_MEAN)
    legend(figure, (right, left), columns=3)
    return settled(figure)


# --- deep linear networks --------------------------------------------------------------------------


def _deep_linear() -> Data:
    outcome = required("deep_linear")
    config, observed = outcome.config, outcome.observed
    networks = []
    for law, look in LAWS.items():
        each = [(run.depth, max(steps, 1)) for run in observed.runs if run.law == law for steps in run.steps]
        networks.append(singles(f"{law} weights", look, each, config.steps))
    middle = math.exp(np.mean([math.log(steps) for _, steps in networks[0]["shown"]] or [math.log(config.steps)]))
    level = line("orthogonal: predicted slope 0", "second", (config.depths[0], config.depths[-1]), [middle] * 2)
    rests_on = measurement(outcome.kept), computation(deep_linear.predictions)
    return {
        "about": f"$D$ linear layers of width {config.width}\n{setting(config)}",
        "depths": config.depths, "never": 1.5 * config.steps,
        "panels": [
            {**panel(f"steps to a training loss of {config.target:g}", [level], []), "networks": networks},
            _walks(config),
        ],
        "sources": sources(rests_on, map(theorem, (*WALKS, ISOMETRY[1]))),
    }  # fmt: skip


def _walks(config: deep_linear.Config) -> Data:
    """Both laws' means, and how far normal weights spread about theirs."""
    grid = _depths(config.depths)
    walks = deep_linear.predictions(replace(config, depths=grid)).walks
    means, deviations = (
        {law: [getattr(walk, of) for walk in walks if walk.law == law] for law in LAWS} for of in MOMENTS
    )
    lines = [line(f"{law}: predicted mean", look, grid, means[law]) for law, look in LAWS.items()]
    both = list(zip(means["normal"], deviations["normal"], strict=True))
    low, high = ([mean + reach * deviation for mean, deviation in both] for reach in (-REACH, REACH))
    band = {"label": f"normal: {REACH} standard deviations", "look": LAWS["normal"], "depths": grid}
    return {**panel("theory: lengths before training", lines, []), "band": {**band, "low": low, "high": high}}


def _draw_deep_linear(data: Data) -> Figure:
    from matplotlib.ticker import LogLocator

    figure, (left, right) = panels(figsize=(FULL, 3.3), ncols=2)
    head(figure, data["about"])
    steps, walks = data["panels"]
    draw(left, steps)
    draw(right, walks)
    left.set(yscale="log")
    for each, side in zip(steps["networks"], (-1, 1), strict=True):
        draw_singles(left, each, data["never"], ROOM_OF_LAW, side * ROOM_OF_LAW / 2)
    if any(each["above"] for each in steps["networks"]):
        name_top(left, data["never"], "never")
    band = walks["band"]
    colour = COLOURS[LOOKS[band["look"]].colour]
    right.fill_between(
        band["depths"], band["low"], band["high"], color=colour, alpha=0.2, linewidth=0, label=band["label"]
    )
    left.margins(x=0.12)
    right.set_ylabel(r"$\ln\,|x W^1\cdots W^D|^2/|x|^2$")
    for one in (left, right):
        depth_axis(one, data["depths"])
        one.set_xlabel("depth $D$")
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # steps seldom span two powers of ten
    left.yaxis.set_major_formatter("{x:g}")
    legend(figure, (left, right), columns=2)
    return settled(figure)


PICTURES = (
    Picture(
        "training_looks_linear",
        (
            "Deep dense networks of five architectures with as many weights, trained with Adam. Left, theory: the "
            "agreement of a minibatch's ",
            k,
            " gradients in the input, of correlation R at initialisation; above 1 their common part outweighs the rest, and "
            "networks are predicted to learn. Right, the error on the test part, at the learning rate with the lowest mean "
            "error on the validation part: large marks are means with two standard errors, small ones beside them single "
            "networks; the line is the error of always naming the most frequent class. To compare: the architectures and "
            "depths that stay at that line with those below 1 on the left.",
        ),
        _looks_linear,
        _draw_looks_linear,
    ),
    Picture(
        "training_deep_linear",
        (
            "Linear networks of several depths ",
            D,
            ", with orthogonal and with normal weights of gain 1, trained by gradient descent at a fixed rate. Left, the "
            "first measured step at which the loss on watched training examples is at most the target, at the rate that "
            "is fastest in the mean for its depth and weights: a mark a network, those of one depth beside each other; "
            "open marks never arrived. The line has the slope 0 that is predicted for orthogonal weights, at the geometric "
            "mean of the steps of those that arrived. Right, theory: how far the length of a signal walks through the "
            "layers, the mean and "
            f"{REACH} standard deviations, which are 0 for orthogonal weights.",
        ),
        _deep_linear,
        _draw_deep_linear,
    ),
)
