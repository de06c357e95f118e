"""Which networks of many rectifier or tanh layers train: losses and errors, beside where theorems say that gradients end.

Lines, shades and brackets are predictions; dots, crosses and thin courses are single networks that were trained.
Reference: sussillo2014, S-08, S-09, S-12, S-14; the windows are those of ``numerics.training.experiments.reach``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.training.experiments import parameter_budget, random_walk, tanh_gain
from numerics.training.experiments.courses import Course
from numerics.training.experiments.random_walk import STARTED
from numerics.training.experiments.shares import shares_of
from papers.figures.networks import draw_singles, head, looks_of, name_top, setting, shares_that_start, singles
from papers.figures.panel import draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.table import Source
from papers.tables.notes import theorem
from papers.training import Outcome, required
from theory.symbols import D, N

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIGHEST = 1.2  # of the loss of guessing: there higher losses are drawn, and infinite ones
PLACES = 40  # of a line
ROOM = 14  # points for the networks of one depth or gain: so near are the nearest
REACH = 2  # standard deviations of a walk to both sides
FARTHEST = 6  # of them below the mean: there are farther walks drawn, and those through dead layers
WALKS = "random_walk.walk_mean", "random_walk.walk_variance"
SHARES = "shattering.relu_correlation", "shattering.coactivation"
TANH = "variance.jacobian_factor", "random_walk.linear_log_mean", "random_walk.linear_log_variance"


# --- parts of several figures ----------------------------------------------------------------------


def _guessing(ends: Sequence[float], classes: int) -> Data:
    return line(r"loss of guessing, $\ln C$", "bound", ends, [math.log(classes)] * 2)


def _rests_on(outcome: Outcome, predictions: Any, theorems: Iterable[str]) -> list[Source]:
    config = outcome.config
    shares = shares_of.kept(config.data, config.examples, config.classes)
    return [measurement(outcome.kept), measurement(shares), computation(predictions), *map(theorem, theorems)]


# --- the random walk's gain ------------------------------------------------------------------------


def _random_walk() -> Data:
    outcome = required("random_walk")
    config, starts = outcome.config, outcome.predicted.starts
    top, above, below = HIGHEST * math.log(config.classes), [], []
    for init in random_walk.INITS:
        start = next(each for each in starts if each.init == init)
        found = [each for each in outcome.observed.networks if each.init == init]
        rated = [(rate, look, [each for each in found if each.rate == rate]) for rate, look in looks_of(config.rates)]
        losses = panel(f"{init}, $g={start.gain:.4g}$", [_guessing((0, config.steps), config.classes)], [])
        above.append({**losses, "courses": [_courses(*each, top) for each in rated]})
        ends = [start.mean + reach * start.deviation for reach in (-REACH, 0, REACH)]
        least = start.mean - FARTHEST * start.deviation
        walks = [_walks(config, *each, least) for each in rated]
        below.append({**panel("", [], []), "predicted": ends, "walks": walks})
    about = f"$D={config.depth}$ rectifier layers of width $N={config.width}$\n{setting(config)}"
    rests_on = _rests_on(outcome, random_walk.predictions, (*WALKS, *SHARES))
    return {"about": about, "top": top, "panels": [*above, *below], "sources": sources(rests_on)}


def _courses(rate: float, look: str, networks: Sequence[random_walk.Trained], top: float) -> Data:
    losses = [[min(loss, top) for loss in each.course.losses] for each in networks]
    return {"label": f"learning rate {rate:g}", "look": look, "steps": networks[0].course.steps, "losses": losses}


def _walks(
    config: random_walk.Config, rate: float, look: str, networks: Sequence[random_walk.Trained], least: float
) -> Data:
    """Where the walks of one rate's networks ended, and the window in which they may start to learn, if there is any."""
    ends = [(each.started(config.classes), max(each.walk, least)) for each in networks]
    started, stayed = ([end for so, end in ends if so is learns] for learns in (True, False))
    found = random_walk.windows_to_start(config, config.width, config.depth)[config.rates.index(rate)]
    inside = [found.low, found.high] if found.low < found.high else []
    return {"look": look, "rate": f"{rate:g}", "window": inside, "started": started, "stayed": stayed}


def _draw_random_walk(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 4.6), nrows=2, ncols=3, sharey="row", height_ratios=(2, 1))
    head(figure, data["about"])
    for one, each in zip(axes.flat, data["panels"], strict=True):
        draw(one, each)
    for one, each in zip(axes[0], data["panels"], strict=False):
        for rate in each["courses"]:
            look = LOOKS[rate["look"]]
            for at, losses in enumerate(rate["losses"]):
                label = rate["label"] if at == 0 else None
                one.plot(rate["steps"], losses, color=COLOURS[look.colour], ls=look.dashes, lw=0.8, label=label)
        one.set(xlabel="step", ylim=(None, data["top"]))
    for one, each in zip(axes[1], data["panels"][len(axes[0]) :], strict=True):
        _draw_walks(one, each)
    axes[0, 0].set_ylabel("training loss")
    axes[1, 0].set_ylabel("learning rate")
    axes[1, 1].set_xlabel(r"$\ln\,|\partial C/\partial s^1|^2/|\partial C/\partial s^D|^2$ before training")
    legend(figure, [axes[0, 0], axes[1, 0]], columns=3)
    return settled(figure)


def _draw_walks(axes: Axes, data: Data) -> None:
    low, middle, high = data["predicted"]
    rows = range(len(data["walks"]))
    edges = [-0.5, len(rows) - 0.5]
    label = f"predicted mean and {REACH} standard deviations"
    axes.fill_betweenx(edges, [low] * 2, [high] * 2, color=COLOURS["orange"], alpha=0.3, linewidth=0, label=label)
    axes.plot([middle] * 2, edges, color="black", linewidth=0.8)
    for row, each in zip(rows, data["walks"], strict=True):
        colour = COLOURS[LOOKS[each["look"]].colour]
        first = row == 0
        axes.plot(
            each["window"], [row - 0.25] * len(each["window"]), "-|", color="black", linewidth=0.8, markersize=6,
            label="predicted window of a start" if first else None,
        )  # fmt: skip
        for part, marker in (("started", "o"), ("stayed", "x")):
            axes.plot(each[part], [row + 0.12] * len(each[part]), marker, color=colour, markersize=4)
    for marker, label in (("o", "network that started"), ("x", "network that did not")):
        axes.plot([], [], marker, color="black", markersize=4, label=label)
    axes.set(ylim=edges[::-1])
    axes.set_yticks(rows, [each["rate"] for each in data["walks"]])


# --- a budget of parameters ------------------------------------------------------------------------


def _parameter_budget() -> Data:
    outcome = required("parameter_budget")
    config, spent = outcome.config, outcome.observed.depths
    grid = sorted({round(depth) for depth in np.geomspace(config.depths[0], config.depths[-1], PLACES)})
    theory = parameter_budget.predictions(replace(config, depths=tuple(grid)))
    chances, fine = ([each.chances for each in some.depths] for some in (outcome.predicted, theory))
    level = line("error of guessing, $1-1/C$", "bound", (grid[0], grid[-1]), [1 - 1 / config.classes] * 2)
    left = {**panel("training error at the best rate", [level], []), "networks": _errors(config, spent)}
    right = shares_that_start(config, config.depths, chances, grid, fine, [each.networks for each in spent])
    return {
        "about": f"rectifier networks of at most {config.parameters:,} weights\n{setting(config)}",
        "depths": [each.depth for each in spent], "widths": [each.width for each in spent], "panels": [left, right],
        "sources": sources(_rests_on(outcome, parameter_budget.predictions, (*WALKS, *SHARES))),
    }  # fmt: skip


def _errors(config: parameter_budget.Config, spent: Sequence[parameter_budget.Spent]) -> list[Data]:
    """Those of each depth's best rate, with the look of that rate."""
    best = [(each.depth, net) for each in spent for net in each.best]
    return [
        singles("", look, [(depth, _error(net.course)) for depth, net in best if net.rate == rate], 1.0)
        for rate, look in looks_of(config.rates)
    ]


def _error(course: Course) -> float:
    """The last one; infinite where the network diverged, though all its answers count as wrong."""
    return course.errors[-1] if math.isfinite(course.losses[-1]) else math.inf


def _draw_parameter_budget(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 3.4), ncols=2)
    head(figure, data["about"])
    for one, each in zip(axes, data["panels"], strict=True):
        draw(one, each, aside=3.5)
        one.set(xlabel="depth $D$ (width $N$)", xscale="log", ylim=(-0.03, 1.03))
        ticks = [f"{depth}\n({width})" for depth, width in zip(data["depths"], data["widths"], strict=True)]
        one.set_xticks(data["depths"], ticks, fontsize="small")
        one.minorticks_off()
    for each in data["panels"][0]["networks"]:
        draw_singles(axes[0], each, 1.0, ROOM)
    legend(figure, axes, columns=2)
    return settled(figure)


# --- gains of tanh networks ------------------------------------------------------------------------


def _tanh_gain() -> Data:
    outcome = required("tanh_gain")
    config, found = outcome.config, outcome.observed.networks
    ends, top = (min(config.gains), max(config.gains)), HIGHEST * math.log(config.classes)
    grid = np.linspace(*ends, PLACES).tolist()
    theory = tanh_gain.predictions(replace(config, gains=tuple(grid)))
    chances, fine = ([each.chances for each in some.starts] for some in (outcome.predicted, theory))
    losses = [
        singles("", look, [(net.gain, net.course.losses[-1]) for net in found if net.rate == rate], top)
        for rate, look in looks_of(config.rates)
    ]
    left = {**panel("last training loss", [_guessing(ends, config.classes)], []), "networks": losses}
    by_gain = [[net for net in found if net.gain == gain] for gain in config.gains]
    return {
        "about": f"$D={config.depth}$ tanh layers of width $N={config.width}$\n{setting(config)}",
        "top": top, "works": tanh_gain.WORKS, "practice": tanh_gain.PRACTICE,
        "panels": [left, shares_that_start(config, config.gains, chances, grid, fine, by_gain)],
        "sources": sources(_rests_on(outcome, tanh_gain.predictions, TANH)),
    }  # fmt: skip


def _draw_tanh_gain(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 3.4), ncols=2)
    head(figure, data["about"])
    for one, each, top in zip(axes, data["panels"], (data["top"], 1), strict=True):
        draw(one, each, aside=4)
        one.set(xlabel="gain $g$", ylim=(-0.03 * top, 1.03 * top))
        low, high = data["works"]
        label = f"claimed to work: {low:g} to {high:g}; in practice {data['practice']:g}"
        one.fill_between([low, high], -0.03 * top, 1.03 * top, color="#e4e4e4", linewidth=0, zorder=0, label=label)
        one.axvline(data["practice"], color=COLOURS["grey"], linewidth=0.8, zorder=0.5)
    series = data["panels"][0]["networks"]
    for at, each in enumerate(series):
        room = ROOM / len(series)
        draw_singles(axes[0], each, data["top"], room, aside=room * (at - (len(series) - 1) / 2))
    if any(each["above"] for each in series):
        name_top(axes[0], data["top"], "higher")
    legend(figure, axes, columns=2)
    return settled(figure)


_STARTED = f"the loss on watched training examples ends below {STARTED:g} of that of guessing"
_SHARES = (
    f"Right, the share of the networks that start, which is to say that {_STARTED}: lines are the chances that the walk "
    "ends in the window that a learning rate can use; marks are the shares of trained networks, with two of the standard "
    "deviations that these chances give them. "
)
PICTURES = (
    Picture(
        "training_random_walk",
        (
            "Rectifier networks without skips or normalisation, trained by plain gradient descent at a falling rate, with "
            "three gains of the hidden layers: that of an unbiased walk, He's, and that of Glorot's variance. Above, the "
            "loss on watched training examples, one line a network; where it leaves the scale it is drawn at the top. "
            "Below, for each first learning rate, how far the logarithm of the gradient's squared norm walked from the "
            "last of ",
            D,
            f" layers to the first, before training: a mark a network, a dot if it started ({_STARTED}), a cross if not. "
            f"Shaded, the mean and {REACH} standard deviations that theorems predict; brackets, the window in which a "
            "walk has to end for a start, by first-order estimates. To compare: marks with the shade, dots and crosses "
            "with the brackets. "
            f"(Walks through dead layers, and all below {FARTHEST} standard deviations, are drawn there.)",
        ),
        _random_walk,
        _draw_random_walk,
    ),
    Picture(
        "training_parameter_budget",
        (
            "A fixed number of weights, spent on the depth ",
            D,
            " or on the width ",
            N,
            " (in brackets), in rectifier networks with the gain of an unbiased walk, trained by plain gradient descent at "
            "falling rates. Left, the training error of each network, at the rate with the lowest median loss of its depth "
            "(its mark says which; the smallest rate where at each most diverged); networks of one depth are drawn "
            f"beside each other, open at the top if they diverged. {_SHARES}To compare: where the errors rise with where "
            "the chances fall.",
        ),
        _parameter_budget,
        _draw_parameter_budget,
    ),
    Picture(
        "training_tanh_gain",
        (
            "Deep tanh networks of several gains, trained by plain gradient descent at falling rates. Left, the last loss "
            "on watched training examples of each network; open marks are losses above the scale, or not finite; networks "
            f"of one gain are drawn beside each other. {_SHARES}Shaded, the gains that work after Sussillo and Abbott "
            "(2014), with their constant for practice. To compare: where losses are low with the shade, marks with lines.",
        ),
        _tanh_gain,
        _draw_tanh_gain,
    ),
)
