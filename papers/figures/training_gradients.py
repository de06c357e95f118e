"""Gradients in deep nets: layer by layer at initialisation and in training, and in their inputs before any training.

Reference: glorot2010, sections 4.1 and 4.2; balduzzi2017, figure 1.  Experiments: ``glorot_monitors`` and
``gradient_structure``, which say what is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from numerics.experiments.estimate import Estimate
from papers.figures.panel import POINTS, depth_axis, dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.figures.training_glorot import LAYERS, WEIGHTS, course, draw_course, kept_looks, short
from papers.tables.notes import theorem
from papers.training import required
from theory.symbols import L, N, d, i

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.training.experiments.glorot_monitors import Course
    from numerics.training.experiments.glorot_theory import Expected
    from numerics.training.experiments.gradient_structure import Observations, Predictions

# --- layer by layer ------------------------------------------------------------------------------------

LINEAR = "variance.activation", "variance.backpropagated", "variance.weight_gradient", "variance.jacobian_factor"
NAMES = {"tanh": "first", "tanh N": "second"}  # and their looks
BAR = 0.5  # points of a range's width


def _layers() -> Data:
    from numerics.training.experiments.glorot_monitors import BATCH
    from numerics.training.experiments.glorot_theory import expected

    outcome = required("glorot_monitors")
    config, observed = outcome.config, outcome.observed
    seen = {name: observed.of(name, config.depth) for name in NAMES}
    theory = {each.name: each for each in outcome.predicted.layers}
    start = [_start(name, theory[name], seen[name]) for name in NAMES]
    return {
        "heading": (
            f"{config.depth} hidden layers of width {config.width}, {config.networks} networks each; "
            f"in training: minibatches of {BATCH}, $\\eta={config.rate:g}$"
        ),
        "panels": [*start, _weights(theory, seen), *map(_drift, seen.values()), _spreads(seen)],
        "sources": sources(map(theorem, (*LINEAR, *WEIGHTS)), computation(expected), measurement(outcome.kept)),
    }


def _start(name: str, theory: Expected, seen: Course) -> Data:
    """dC/ds^i over that of the top hidden layer, s^{d-1}, before training."""
    places = range(seen.depth)
    observed = [[size / row[-2] for size in row[:-1]] for row in seen.back[0]]
    part = panel(f"{name}, step 0", _theories(name, places, theory.linear.back, theory.wide and theory.wide.back), [])
    return {**part, "clouds": [_cloud(name, places, observed)]}


def _weights(theory: dict[str, Expected], seen: dict[str, Course]) -> Data:
    """dC/dW^i over that of W^{d-1}, for the matrices between hidden layers, before training."""
    places = range(1, next(iter(seen.values())).depth)
    lines, clouds = [], []
    for name, each in seen.items():
        linear, wide = theory[name].linear.weights, theory[name].wide
        lines += _theories(name, places, linear[1:], wide and wide.weights[1:])
        clouds.append(_cloud(name, places, [[size / row[-2] for size in row[1:-1]] for row in each.weights[0]]))
    return {**panel("both, step 0", lines, []), "clouds": clouds}


def _theories(name: str, places: Sequence[int], linear: Sequence[float], wide: Sequence[float] | None) -> list[Data]:
    """Over the value of the last place; sizes may go on to the output layer."""
    last = len(places) - 1
    both = (("linear regime", "ideal", linear), (rf"{name}, $N\to\infty$", NAMES[name], wide))
    return [line(label, look, places, [s / sizes[last] for s in sizes[: last + 1]]) for label, look, sizes in both if sizes]


def _cloud(name: str, places: Sequence[int], networks: Sequence[Sequence[float]]) -> Data:
    """The networks, and their median."""
    return {
        "label": name, "look": NAMES[name], "x": list(places),
        "y": short(np.median(networks, axis=0)), "networks": [short(each) for each in networks],
    }  # fmt: skip


def _drift(seen: Course) -> Data:
    """The sizes of dC/dW^i while the nets train, for the matrices between hidden layers."""
    looks = kept_looks(seen.steps)
    steps = [seen.steps[look] for look in looks]
    found = [
        course(f"$W^{at}$", LAYERS[at - 1], steps, [[row[at] for row in seen.weights[look]] for look in looks])
        for at in range(1, seen.depth)
    ]
    return {**panel(f"{seen.name}, in training", [], []), "courses": found}


def _spreads(seen: dict[str, Course]) -> Data:
    """How far the layers' dC/dW^i are apart: the deviation over them of the logarithm."""
    from numerics.training.experiments.glorot_rules import spread

    found = []
    for name, each in seen.items():
        looks = kept_looks(each.steps)
        values = [[spread(row[1:-1]) for row in each.weights[look]] for look in looks]
        found.append(course(name, NAMES[name], [each.steps[look] for look in looks], values))
    return {**panel("both, in training", [], []), "courses": found}


def _draw_layers(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 4.6), nrows=2, ncols=3)
    figure.suptitle(data["heading"], fontsize=8)
    for one, each in zip(axes.flat, data["panels"], strict=True):
        draw(one, each)
        for cloud in each.get("clouds", ()):
            _draw_cloud(one, cloud)
        for at, found in enumerate(each.get("courses", ())):
            draw_course(one, found, first_marker=at)
    for one, each in zip(axes[0], data["panels"], strict=False):
        one.set(xlabel="$i$", xticks=each["clouds"][0]["x"])
    for row in axes:
        row[0].set_yscale("log")
        row[1].sharey(row[0])
    axes[0, 0].set_ylabel(r"$\partial C/\partial s^i$, top layer as 1")
    axes[0, 2].set(ylabel=r"$\partial C/\partial W^i$, top matrix as 1", ylim=(0, None))
    axes[1, 0].set_ylabel(r"size of $\partial C/\partial W^i$")
    for one in axes[1]:
        one.set_xlabel("step")
    axes[1, 2].set(ylabel="spread over $i$", ylim=(0, None))
    legend(figure, axes.flat, columns=4)
    return settled(figure)


def _draw_cloud(axes: Axes, data: Data, aside: float = 0.0) -> None:
    """Pale, the networks; their median, and a bar from the least to the largest."""
    colour, marker = COLOURS[LOOKS[data["look"]].colour], LOOKS[data["look"]].marker
    places = [place + aside for place in data["x"]]
    for network in data["networks"]:
        axes.plot(places, network, color=colour, linewidth=0.4, alpha=0.3)
    low, high = np.min(data["networks"], axis=0), np.max(data["networks"], axis=0)
    axes.vlines(places, low, high, colour, linewidth=BAR)
    axes.plot(
        places, data["y"], linestyle="", color=colour, marker=marker, markersize=4, markeredgecolor="black",
        markeredgewidth=0.4, label=data["label"],
    )  # fmt: skip


# --- in the inputs -------------------------------------------------------------------------------------

CORRELATIONS = "shattering.feedforward_correlation", "shattering.normalized_resnet_correlation", "shattering.resnet_correlation"
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
    return _by_depth("from white to brown noise", lines, {kind: [at[kind, depth] for depth in depths] for kind in kinds}, depths)


def _ranks(data: str, predicted: Predictions, observed: Observations) -> Data:
    """Of the gradients of dense networks, beside that of unit vectors of the correlations that the theorems give."""
    config = observed.config
    found = {(b.kind, b.depth): b.ranks for b in observed.batches if (b.data, b.nets) == (data, "dense")}
    networks = {kind: [found[kind, depth] for depth in config.picture_depths] for kind in SERIES}
    least = float(np.mean(networks[ONE_GRADIENT]))  # of a matrix of rank 1, over that of a Gaussian one
    lines = []
    for kind, (_, look) in SERIES.items():
        given = sorted((L, r) for name, L, r in predicted.correlations if name == kind and L <= config.picture_depths[-1])
        alike = [config.batch / (1 + (config.batch - 1) * r) for _, r in given]
        if kind not in SAME_LINE:
            lines.append(line("", look, [L for L, _ in given], [least * rank for rank in alike]))
    return _by_depth(data.split(" (")[0], lines, networks, config.picture_depths)


def _by_depth(title: str, lines: Iterable[Data], found: dict[str, list[Sequence[float]]], depths: Sequence[int]) -> Data:
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

    sets = len(data["panels"]) - 2
    figure = Figure(figsize=(FULL, 5.8), layout="constrained")
    above, below = (["curves"] * sets + ["positions"] * sets, [f"ranks {at // 2}" for at in range(2 * sets)])
    axes = list(figure.subplot_mosaic([above, below]).values())
    figure.suptitle(data["heading"], fontsize=8)
    draw(axes[0], data["panels"][0], aside=0)
    _name_ends(axes[0], data["panels"][0])
    axes[0].set(xlabel="lag $k$")
    for one, each in zip(axes[1:], data["panels"][1:], strict=True):
        draw(one, each, aside=ASIDE)
        _draw_networks(one, each)
        depth_axis(one, each["dots"][0]["x"])
    axes[1].set_yticks(LEVELS, ("white, 0", "1/2", "brown, 1"))
    axes[2].set_ylabel("effective rank of the gradients,\nover that of a Gaussian matrix")
    for one in axes[2:]:
        one.set_ylim(0, None)
    legend(figure, axes[1:], columns=3)
    return settled(figure)


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


# --- pictures ------------------------------------------------------------------------------------------

PICTURES = (
    Picture("training_glorot_gradients", "", _layers, _draw_layers),
    Picture("training_gradient_structure", "", _structure, _draw_structure),
)
