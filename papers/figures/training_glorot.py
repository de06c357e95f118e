"""The networks of glorot2010's Table 1: their test errors, and their layers' activations while they train.

Reference: glorot2010, sections 3 and 4.3.  Experiments: ``glorot_table`` and ``glorot_monitors``, which say what is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from numerics.experiments.estimate import Estimate
from papers.figures.panel import dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.tables.notes import theorem
from papers.training import required
from theory.symbols import d, g, i

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.training.experiments.glorot_monitors import Course
    from numerics.training.experiments.glorot_table import Observations, Predictions, Result

rate = sp.Symbol("eta", positive=True)  # of learning

# --- courses of training, layer by layer ---------------------------------------------------------------

LAYERS = ("first", "second", "third", "fourth", "fifth")  # looks of layers, from the lowest
LOOKS_KEPT = 40  # of a course in the data
MARKERS = 5  # looks between a course's markers
DIGITS = 5  # of a single network's number: more than is seen
WEIGHTS = "variance.standard_weight", "variance.normalized_weight"


def kept_looks(steps: Sequence[int]) -> list[int]:
    """The numbers of at most `LOOKS_KEPT` looks, evenly, with the first and the last."""
    return [round(at) for at in np.linspace(0, len(steps) - 1, min(len(steps), LOOKS_KEPT))]


def course(label: str, look: str, steps: Sequence[int], values: Sequence[Sequence[float]]) -> Data:
    """Medians over networks with the networks, of a number for every step and network."""
    networks = [short(each) for each in zip(*values, strict=True)]
    return {
        "label": label, "look": look, "x": list(steps),
        "y": short(np.median(values, axis=1)), "networks": networks,
    }  # fmt: skip


def short(values: Iterable[float]) -> list[float]:
    """To `DIGITS` digits, which keeps the data small."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


def draw_course(axes: Axes, data: Data, first_marker: int = 0) -> None:
    """Pale, the networks; over them their median, with markers as it is measured."""
    look = LOOKS[data["look"]]
    colour = COLOURS[look.colour]
    for network in data["networks"]:
        axes.plot(data["x"], network, color=colour, linewidth=0.4, alpha=0.3)
    axes.plot(
        data["x"], data["y"], color=colour, linestyle=look.dashes, linewidth=1, marker=look.marker, markersize=3.5,
        markeredgecolor="black", markeredgewidth=0.4, markevery=(first_marker, MARKERS), label=data["label"],
    )  # fmt: skip


# --- the table -----------------------------------------------------------------------------------------

SETS = {"shapeset": r"Shapeset-3$\times$2", "mnist": "MNIST"}
FLOW = "variance.backpropagated", "variance.jacobian_factor", *WEIGHTS
APART = 0.3  # half of what the networks of a name take of the axis of names
LOGARITHMIC = 3  # largest over least error from which an axis of errors is


def _table() -> Data:
    from numerics.training.data.shapeset import class_prior
    from numerics.training.experiments.glorot_table import BATCH, ORDER

    outcome = required("glorot_table")
    config, order = outcome.config, ORDER["shapeset"]
    parts = [_errors(data, order, outcome.predicted, outcome.observed) for data in config.data]
    parts += [_flows(data, order, outcome.predicted) for data in config.data]
    return {
        "heading": (
            f"{config.depth} hidden layers of width {config.width}; {config.steps} steps on minibatches of {BATCH}; "
            f"{config.networks} networks a name, tested on {outcome.observed.results[0].tested} images"
        ),
        "names": list(order),
        "panels": parts,
        "sources": sources(map(theorem, FLOW), computation(class_prior), measurement(outcome.kept)),
    }


def _errors(data: str, order: Sequence[str], predicted: Predictions, observed: Observations) -> Data:
    """Per cent, of every network and their means, and the rates that were chosen."""
    results = [_result(observed, data, name) for name in order]
    shares = [[100 * wrong / each.tested for wrong in each.wrong] for each in results]
    means = [Estimate(float(np.mean(each)), float(np.std(each, ddof=1)) / math.sqrt(len(each))) for each in shares]
    constant = 100 * predicted.constant
    guess = [line("best constant guess", "ideal", (-0.5, len(order) - 0.5), (constant, constant))]
    part = panel(SETS[data], guess if data == "shapeset" else [], [dots("mean", "first", range(len(order)), means)])
    return {**part, "networks": shares, "rates": [each.rate for each in results]}


def _result(observed: Observations, data: str, name: str) -> Result:
    return next(each for each in observed.results if (each.data, each.name) == (data, name))


def _flows(data: str, order: Sequence[str], predicted: Predictions) -> Data:
    """By what the gradient's variance falls through the hidden layers, a short line for each name."""
    backward = {flow.name: flow.backward for flow in predicted.flows if flow.data == data}
    places = enumerate(order)
    lines = [line("", "wide", (at - APART, at + APART), (backward[name], backward[name])) for at, name in places]
    return panel("", lines, [])


def _draw_table(data: Data) -> Figure:
    sets = len(data["panels"]) // 2
    ratios = {"height_ratios": (3, 1)}
    figure, axes = panels(
        figsize=(FULL, 4.3), nrows=2, ncols=sets, squeeze=False, sharex="col", sharey=False, gridspec_kw=ratios
    )
    figure.suptitle(data["heading"], fontsize=8)
    for one, each in zip(axes.flat, data["panels"], strict=True):
        draw(one, each)
    for above, below, each in zip(*axes, data["panels"], strict=False):
        _draw_networks(above, each["networks"])
        labels = [f"{name}\n$\\eta={rate:g}$" for name, rate in zip(data["names"], each["rates"], strict=True)]
        below.set_xticks(range(len(labels)), labels, fontsize=7)
        below.set(yscale="log", xlim=(-0.6, len(labels) - 0.4))
        below.grid(axis="y", linewidth=0.3)
    axes[0, 0].set_ylabel("test error (%)")
    axes[1, 0].set_ylabel("predicted\n$g^0/g^d$")
    legend(figure, axes[0])
    return settled(figure)


def _draw_networks(axes: Axes, networks: Sequence[Sequence[float]]) -> None:
    """Small rings beside each other, in the order of the networks' numbers."""
    from matplotlib.ticker import LogLocator, NullLocator

    for at, found in enumerate(networks):
        places = np.linspace(at - APART, at + APART, len(found))
        axes.plot(
            places, found, linestyle="", marker="o", markersize=2.5, markerfacecolor="none", zorder=1,
            markeredgecolor=COLOURS["grey"], markeredgewidth=0.5, label=None if at else "single networks",
        )  # fmt: skip
    flat = [error for found in networks for error in found]
    if max(flat) > LOGARITHMIC * min(flat):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())


# --- activations ---------------------------------------------------------------------------------------

FORWARD = "variance.activation", WEIGHTS[0]
BESIDE = -0.06, -0.015  # of the run: where theory stands, left of the first step


def _activations() -> Data:
    from numerics.training.experiments.glorot_monitors import BATCH

    outcome = required("glorot_monitors")
    config, observed = outcome.config, outcome.observed
    linear = {each.name: each.linear.activations for each in outcome.predicted.layers}
    sigmoids = [_sigmoid(observed.of("sigmoid", depth)) for depth in (config.depth - 1, config.depth)]
    odd = [_percentiles(observed.of(name, config.depth), linear[name]) for name in ("tanh", "softsign")]
    return {
        "heading": (
            f"layers of width {config.width}, {config.networks} networks each; minibatches of {BATCH}; "
            f"$\\eta={config.rate:g}$, sigmoid {config.sigmoid_rate:g}"
        ),
        "panels": [*sigmoids, *odd],
        "sources": sources(map(theorem, FORWARD), measurement(outcome.kept)),
    }


def _sigmoid(seen: Course) -> Data:
    """Layers' means, their deviations, and how many networks' top layers are saturated early and at the end."""
    from numerics.training.experiments.glorot_rules import EARLY, SATURATED, fresh_saturation

    level = line("level of saturation", "bound", (0, seen.steps[-1]), (SATURATED, SATURATED))
    early, late = sum(fresh_saturation(seen)), sum(row[-1] < SATURATED for row in seen.means[-1])
    of = len(seen.means[-1])
    title = (
        f"sigmoid, {seen.depth} hidden layers: mean of $z^i$\n"
        f"top layer saturated by step {EARLY * seen.steps[-1]:.0f}: {early}/{of}, at end: {late}/{of}"
    )
    part = panel(title, [level], [])
    return {**part, "courses": _courses(seen, seen.means), "deviations": _bars(seen)}


def _bars(seen: Course) -> list[Data]:
    """The median over networks of each layer's deviation, where its course has markers."""
    looks, found = kept_looks(seen.steps), []
    for layer in range(seen.depth):
        at = looks[layer::MARKERS]
        means, halves = (
            short(np.median([row[layer] for row in rows[look]]) for look in at)
            for rows in (seen.means, seen.deviations)
        )
        found.append({"look": LAYERS[layer], "x": [seen.steps[look] for look in at], "middle": means, "half": halves})
    return found


def _percentiles(seen: Course, deviations: Sequence[float]) -> Data:
    """Layers' percentiles, beside those of normal activations of the linear regime's variance."""
    from numerics.training.experiments.glorot_rules import KNEE, crossed_in_order
    from numerics.training.monitors import PERCENTILE

    steps = seen.steps[-1]
    reach, beside = NormalDist().inv_cdf((1 + PERCENTILE) / 2), [part * steps for part in BESIDE]
    lines = [
        line("" if layer else "linear regime, at step 0", "wide", beside, (reach * size, reach * size))
        for layer, size in enumerate(deviations)
    ]
    level = line("", "bound", (0, steps), (KNEE, KNEE))
    passed = sum(max(map(max, looks)) > KNEE for looks in zip(*seen.percentiles, strict=True))
    order = f", in their layers' order in {passed * crossed_in_order('', '', seen)[0].observed:.0f}" if passed else ""
    title = (
        f"{seen.name}, {seen.depth} hidden layers: {100 * PERCENTILE:g}th percentile of $|z^i|$\n"
        f"{KNEE:g} passed in {passed}/{len(seen.percentiles[-1])} networks{order}"
    )
    return {**panel(title, [*lines, level], []), "courses": _courses(seen, seen.percentiles), "deviations": []}


def _courses(seen: Course, rows: Sequence[Sequence[Sequence[float]]]) -> list[Data]:
    """A course of each hidden layer."""
    looks = kept_looks(seen.steps)
    steps = [seen.steps[look] for look in looks]
    return [
        course(f"$i={layer + 1}$", LAYERS[layer], steps, [[row[layer] for row in rows[look]] for look in looks])
        for layer in range(seen.depth)
    ]


def _draw_activations(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 5.4), nrows=2, ncols=2, sharex=True, sharey="row")
    figure.suptitle(data["heading"], fontsize=8)
    for one, each in zip(axes.flat, data["panels"], strict=True):
        draw(one, each)
        one.set_title(each["title"], fontsize=7.5)
        for at, found in enumerate(each["courses"]):
            draw_course(one, found, first_marker=at)
        for bars in each["deviations"]:
            middle, half = np.array(bars["middle"]), np.array(bars["half"])
            one.vlines(bars["x"], middle - half, middle + half, COLOURS[LOOKS[bars["look"]].colour], linewidth=0.9)
    for one in axes[1]:
        one.set_xlabel("step")
    axes[0, 0].set_ylabel("mean over units and images")
    axes[1, 0].set(ylabel="percentile over units and images", ylim=(0, 1.05))
    legend(figure, [axes[0, 1], axes[1, 0]], columns=4)
    return settled(figure)


# --- pictures ------------------------------------------------------------------------------------------

PICTURES = (
    Picture(
        "training_glorot_table",
        (
            "Test errors of the networks of Glorot and Bengio's Table 1 (N: the normalised initialisation), each name "
            "at the learning rate ",
            rate,
            " of its least validation error. Above: rings are single networks in the order of their numbers, dots their"
            " means with two standard errors; a network that diverged has 100%. Dashed: the best constant guess by the "
            "classes' exact prior. Below, predicted: the factor ",
            g[0] / g[d],
            " by which the gradient's variance changes on its way down through the hidden layers, in the linear regime."
            " Names stand in the printed order of Shapeset, least error first: compare whether the dots rise to the "
            "right, and whether a name whose gradients come down larger has the lower errors.",
        ),
        _table,
        _draw_table,
    ),
    Picture(
        "training_glorot_activations",
        (
            "Activations of the hidden layers ",
            i,
            ", of which 1 is the lowest, for a fixed set of validation images, while networks with the standard "
            "initialisation learn Shapeset-3x2 by plain SGD. Pale lines are single networks, lines with markers medians"
            " over them. Above, means; bars reach a standard deviation to both sides (medians over networks). Below the"
            " level, 0.1, a sigmoid's slope is at most 0.09. Below, the 98th percentiles of absolute values; at the "
            "level, 0.95, the slope of tanh has fallen to a tenth. Short black lines at the left: the percentile of a "
            "normal law of the linear regime's variance, which before training is largest in the first layer. Compare "
            "whether the top sigmoid layer comes back above the level, and which tanh layer reaches it first.",
        ),
        _activations,
        _draw_activations,
    ),
)
