"""Gradients of deep tanh networks, layer by layer: at initialisation beside the theorems', and while the networks train.

Reference: glorot2010, section 4.2.  Experiment: ``glorot_monitors``, which says what is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from papers.figures.panel import draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.figures.training_glorot import WEIGHTS, course, draw_course, kept_looks, short
from papers.tables.notes import theorem
from papers.training import required
from theory.networks import s
from theory.symbols import i

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.training.experiments.glorot_monitors import Course
    from numerics.training.experiments.glorot_theory import Expected

LINEAR = "variance.activation", "variance.backpropagated", "variance.weight_gradient", "variance.jacobian_factor"
NAMES = {"tanh": "first", "tanh N": "second"}  # and their looks
MATRICES = ("third", "fourth", "fifth", "sixth")  # looks, from the lowest between hidden layers
BESIDE = 0.05  # of a layer: where clouds of two names stand apart


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
    wide = theory.wide.back if theory.wide else None
    part = panel(f"{name}, step 0", _theories(name, places, theory.linear.back, wide), [])
    return {**part, "clouds": [_cloud(name, places, observed)]}


def _weights(theory: dict[str, Expected], seen: dict[str, Course]) -> Data:
    """dC/dW^i over that of W^{d-1}, for the matrices between hidden layers, before training."""
    places = range(1, next(iter(seen.values())).depth)
    lines, clouds = [], []
    for name, each in seen.items():
        linear, wide = theory[name].linear.weights, theory[name].wide
        lines += _theories(name, places, linear[1:], wide.weights[1:] if wide else None)
        clouds.append(_cloud(name, places, [[size / row[-2] for size in row[1:-1]] for row in each.weights[0]]))
    return {**panel("both, step 0", lines, []), "clouds": clouds}


def _theories(name: str, places: Sequence[int], linear: Sequence[float], wide: Sequence[float] | None) -> list[Data]:
    """Over the value of the last place; sizes may go on to the output layer."""
    last = len(places) - 1
    both = (("linear regime", "ideal", linear), (f"{name}, infinite width", NAMES[name], wide))
    return [
        line(label, look, places, [s / sizes[last] for s in sizes[: last + 1]]) for label, look, sizes in both if sizes
    ]


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
        course(f"$W^{at}$", MATRICES[at - 1], steps, [[row[at] for row in seen.weights[look]] for look in looks])
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
        clouds = each.get("clouds", ())
        for at, cloud in enumerate(clouds):
            _draw_cloud(one, cloud, BESIDE * (2 * at + 1 - len(clouds)))
        for at, found in enumerate(each.get("courses", ())):
            draw_course(one, found, first_marker=at)
    for one, each in zip(axes[0], data["panels"], strict=False):
        one.set(xlabel="$i$", xticks=each["clouds"][0]["x"])
    for row in axes:
        row[0].set_yscale("log")
        row[1].set_yscale("log")
        ends = [end for one in row[:2] for end in one.get_ylim()]
        for one in row[:2]:
            one.set_ylim(min(ends), max(ends))
        row[1].tick_params(labelleft=False)
    axes[0, 0].set_ylabel(r"$\partial C/\partial s^i$ (top: 1)")
    axes[0, 2].set(ylabel=r"$\partial C/\partial W^i$ (top: 1)", ylim=(0, None))
    axes[1, 0].set_ylabel(r"$\partial C/\partial W^i$")
    for one in axes[1]:
        one.set_xlabel("step")
    axes[1, 2].set(ylabel="spread of log size", ylim=(0, None))
    legend(figure, axes.flat, columns=3)
    return settled(figure)


def _draw_cloud(axes: Axes, data: Data, aside: float) -> None:
    """Pale, the networks; their median, and a bar from the least to the largest."""
    colour, marker = COLOURS[LOOKS[data["look"]].colour], LOOKS[data["look"]].marker
    places = [place + aside for place in data["x"]]
    for network in data["networks"]:
        axes.plot(places, network, color=colour, linewidth=0.4, alpha=0.3)
    low, high = np.min(data["networks"], axis=0), np.max(data["networks"], axis=0)
    axes.vlines(places, low, high, colour, linewidth=0.7)
    axes.plot(
        places, data["y"], linestyle="", color=colour, marker=marker, markersize=4, markeredgecolor="black",
        markeredgewidth=0.4, label=data["label"],
    )  # fmt: skip


# --- pictures ------------------------------------------------------------------------------------------

PICTURES = (
    Picture(
        "training_glorot_gradients",
        (
            "Sizes (standard deviations over entries and images) of gradients in tanh networks that learn Shapeset-3x2 "
            "by plain SGD, under the standard and (tanh N) the normalised initialisation. Pale lines are single "
            "networks, markers medians over them; vertical bars reach from the least to the largest network. Above, "
            "before training: back-propagated gradients of the hidden layers' pre-activations ",
            s[i],
            ", over that of the top one, and gradients of the matrices between hidden layers, over that of the top one."
            " Dashed, black: the theorems of the linear regime; other lines without pale ones beside them: the limit of"
            " infinite width, where the slopes of tanh count. Below, in training: the gradients of these matrices, and "
            "the standard deviation over the matrices of the logarithm of their sizes. Compare the slopes at step 0 "
            "under the two initialisations, and whether the layers come further apart in training under the first than "
            "under the second.",
        ),
        _layers,
        _draw_layers,
    ),
)
