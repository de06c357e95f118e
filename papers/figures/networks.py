"""Parts of the figures of trained networks: how they were trained, single ones as marks, the shares that start."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from numerics.experiments.estimate import Estimate
from numerics.training.experiments.random_walk import STARTED
from papers.figures.panel import POINTS, dots, line, panel
from papers.figures.picture import Data
from papers.figures.style import COLOURS, LOOKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATES = ("first", "second", "third")  # the looks of learning rates
Chances = Sequence[Sequence[float]]  # of each rate, at each place
BESIDE = 2.2  # points from network to network of one place, where there is room


def setting(config: Any) -> str:
    """What an experiment's networks were trained on, and for how long."""
    trained = f"{config.steps:,} steps with minibatches of {config.batch}"
    return f"data: {config.data}, {config.examples:,} examples; {trained}"


def looks_of(rates: Sequence[float]) -> list[tuple[float, str]]:
    """Each learning rate with its look; raises ValueError for more than there are looks."""
    return list(zip(rates, RATES[: len(rates)], strict=True))


def singles(label: str, look: str, points: Iterable[tuple[float, float]], top: float) -> Data:
    """Networks as (place, value); of those above the top, or not a number, the places alone."""
    every = list(points)
    above = [place for place, value in every if not value <= top]
    return {"label": label, "look": look, "shown": [[*each] for each in every if each[1] <= top], "above": above}


def draw_singles(axes: Axes, data: Data, top: float, room: float, aside: float = 0.0) -> None:
    """The networks of one place beside each other, the lowest first; those above the top are on it and open.

    room: for those of one place, in points; they lie so far aside of it.
    """
    look = LOOKS[data["look"]]
    marks = [(x, y, True) for x, y in sorted(data["shown"])] + [(x, top, False) for x in data["above"]]
    for place in sorted({x for x, _, _ in marks}):
        here = [mark for mark in marks if mark[0] == place]
        beside = min(BESIDE, room / len(here))
        for number, (x, y, filled) in enumerate(here):
            _mark(axes, x, y, data["look"], filled, aside + beside * (number - (len(here) - 1) / 2))
    if data["label"]:
        axes.plot([], [], look.marker, markersize=3, color=COLOURS[look.colour], label=data["label"])


def _mark(axes: Axes, x: float, y: float, name: str, filled: bool, aside: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    look, colour = LOOKS[name], COLOURS[LOOKS[name].colour]
    (mark,) = axes.plot(
        [x], [y], look.marker, markersize=3, markerfacecolor=colour if filled else "none", markeredgecolor=colour,
        markeredgewidth=0.7, clip_on=False,
    )  # fmt: skip
    mark.set_transform(axes.transData + ScaledTranslation(aside / POINTS, 0, axes.figure.dpi_scale_trans))


def head(figure: Figure, about: str) -> None:
    """What was trained, above all panels."""
    figure.suptitle(about, fontsize="small")


def name_top(axes: Axes, top: float, word: str) -> None:
    """A line for the networks above the scale, with a word for them beside the axis."""
    axes.axhline(top, color=COLOURS["grey"], linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)
    axes.text(-0.02, top, word, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize="small")


def shares_that_start(
    config: Any, x: Sequence[float], chances: Chances, grid: Sequence[float], fine: Chances, found: Sequence[Any]
) -> Data:
    """Chances to start, fine ones at the grid's places, and the shares of the networks found at each x that did.

    chances: of each rate, at each place.  A share's error is what its chance gives it.
    """
    lines, sampled = [], []
    for at, (rate, look) in enumerate(looks_of(config.rates)):
        label, shares = f"learning rate {rate:g}", []
        for chance, networks in zip(chances, found, strict=True):
            losses = [each.course.losses[-1] for each in networks if each.rate == rate]
            started = sum(loss <= STARTED * math.log(config.classes) for loss in losses) / len(losses)
            shares.append(Estimate(started, math.sqrt(chance[at] * (1 - chance[at]) / len(losses))))
        lines.append(line(label, look, grid, [chance[at] for chance in fine]))
        sampled.append(dots(label, look, x, shares))
    return panel("share of the networks that start", lines, sampled)
