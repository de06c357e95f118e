"""Who begins to learn, and when: the steps that networks took above the shares that started, a column a panel of each.

Above, the first step at which each network had so many test inputs right, single networks small, medians large; what never
got there is open, on a line of its own. Below, the share that got there beside the predicted chances. The error of a dot is
that of the prediction's binomial law: an observed one would be 0 where none or all start.
Reference: hanin2018start.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from numerics.experiments.estimate import Estimate
from numerics.training.experiments.shares import shares_of
from papers.figures.panel import POINTS, dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, measurement, sources
from papers.figures.style import COLOURS, FULL, LOOKS, panels
from papers.tables.notes import theorem
from papers.training import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INNER = 5.0  # inches of all columns of panels together, about
CROWDED = 0.55  # of a place's room that its networks fill
SINGLE: dict[str, Any] = {"markersize": 2.6, "alpha": 0.55, "markeredgewidth": 0.5}
MEDIAN: dict[str, Any] = {"markersize": 5, "markeredgecolor": "black", "markeredgewidth": 0.7, "zorder": 3}
BEYOND = 1.9  # so many times the last step is the line of those that never started
READING = (
    "Above, the steps that single networks (small) took, and their medians (large); open markers on the top line: never. "
    "Below, the share that started: lines, predicted chances; dots, observed, with two standard errors of the prediction."
)


# --- data ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """steps: of each network at each of the places x, infinite for never.  chances: predicted, that one starts."""

    label: str
    look: str
    x: Sequence[float]
    steps: Sequence[Sequence[float]]
    chances: Sequence[float]


def data_of(
    outcome: Outcome, columns: Sequence[tuple[str, Sequence[Series]]], of: str, theorems: Iterable[str]
) -> Data:
    """All columns' steps, then all columns' shares.  columns: titles and series.  of: what has so many networks each."""
    config = outcome.config
    rates = ", ".join(f"{rate:g}" for rate in getattr(config, "rates", None) or (config.rate,))
    measured = shares_of.kept(config.data, config.examples, config.classes)
    return {
        "panels": [*(_steps(*each) for each in columns), *(_shares(each) for _, each in columns)],
        "trained": (
            f"{config.networks} networks of each {of}; {config.data}, {config.examples} training examples,\n"
            f"batches of {config.batch}; rate {rates}; {config.steps} steps, measured every {config.every}"
        ),
        "every": config.every,
        "last": config.steps,
        "sources": sources(map(theorem, theorems), map(measurement, (measured, outcome.kept))),
    }


def _steps(title: str, several: Iterable[Series]) -> Data:
    networks = [
        {
            "label": each.label,
            "look": each.look,
            "x": list(each.x),
            "steps": [[_finite(step) for step in steps] for steps in each.steps],
            "medians": [_finite(median(steps)) for steps in each.steps],
        }
        for each in several
    ]
    return {"title": title, "networks": networks}


def _finite(step: float) -> float | None:
    """None for never."""
    return step if math.isfinite(step) else None


def _shares(several: Iterable[Series]) -> Data:
    lines = [line(each.label, each.look, each.x, each.chances) for each in several]
    return panel(
        "", lines, [dots(each.label, each.look, each.x, map(_share, each.chances, each.steps)) for each in several]
    )


def _share(chance: float, steps: Sequence[float]) -> Estimate:
    """The share that started, with the error that the chance predicts."""
    count = len(steps)
    return Estimate(sum(map(math.isfinite, steps)) / count, math.sqrt(chance * (1 - chance) / count))


# --- drawing ---------------------------------------------------------------------------------------------------


def draw_starts(data: Data, height: float, below: Iterable[str], entries: int, scale: str = "linear") -> Figure:
    """below: names of the columns' axes, whose scale is ``scale``.  entries: of the legend, in a row."""
    count = len(data["panels"]) // 2
    shape: dict[str, Any] = {"nrows": 2, "ncols": count, "height_ratios": (2, 1.1)}
    figure, axes = panels(figsize=(FULL, height), **shape, sharex="col", sharey="row")
    figure.suptitle(data["trained"], fontsize="small")
    never = BEYOND * data["last"]
    for at, (steps, shares) in enumerate(axes.T):
        aside = _aside(data["panels"][count + at], count)
        _draw_steps(steps, data["panels"][at], never, aside)
        draw(shares, data["panels"][count + at], aside)
        shares.set_xscale(scale)
        _place_ticks(shares, data["panels"][count + at])
        for each in (steps, shares):
            each.margins(x=0.12)
    _step_axis(axes[0, 0], data["every"], data["last"], never)
    axes[1, 0].set(ylabel="share that start", ylim=(-0.08, 1.08))
    for shares, name in zip(axes[1], below, strict=False):
        shares.set_xlabel(name)
    legend(figure, axes[1], columns=entries)
    return settled(figure)


def _aside(shares: Data, columns: int) -> float:
    """Points between neighbouring series of a panel."""
    places = {place for each in shares["lines"] for place in each["x"]}
    return CROWDED * INNER * POINTS / (columns * len(places) * len(shares["lines"]))


def _draw_steps(axes: Axes, data: Data, never: float, aside: float) -> None:
    """Every network beside its like, series beside series."""
    axes.set_title(data["title"])
    axes.axhline(never, color=COLOURS["grey"], linewidth=0.5, zorder=0)
    middle = (len(data["networks"]) - 1) / 2
    for at, each in enumerate(data["networks"]):
        count, shift = len(each["steps"][0]), aside * (at - middle)
        for network in range(count):
            apart = aside * (network - (count - 1) / 2) / count
            _markers(axes, each, [steps[network] for steps in each["steps"]], never, shift + apart, SINGLE)
        _markers(axes, each, each["medians"], never, shift, MEDIAN)


def _markers(
    axes: Axes, series: Data, steps: Sequence[float | None], never: float, aside: float, kind: dict[str, Any]
) -> None:
    """One marker at each place, moved by so many points; open and at the height ``never`` for what never started."""
    from matplotlib.transforms import ScaledTranslation

    look = LOOKS[series["look"]]
    colour = COLOURS[look.colour]
    beside = axes.transData + ScaledTranslation(aside / POINTS, 0, axes.figure.dpi_scale_trans)
    pairs = list(zip(series["x"], steps, strict=True))
    started = [(place, step) for place, step in pairs if step is not None]
    failed = [(place, never) for place, step in pairs if step is None]
    filled, opened = {"markerfacecolor": colour}, {"markerfacecolor": "white", "markeredgecolor": colour}
    for points, face in ((started, filled), (failed, opened)):
        (drawn,) = axes.plot(
            [place for place, _ in points], [height for _, height in points],
            linestyle="", marker=look.marker, color=colour, **{**kind, **face},
        )  # fmt: skip
        drawn.set_transform(beside)  # now that the axes know the data's own places


def _step_axis(axes: Axes, every: int, last: int, never: float) -> None:
    """Logarithmic from the first measured step on, 0 below it, and never above the last."""
    powers = [10**power for power in range(5) if every <= 10**power <= last]
    ticks = {0: "0", every: str(every), **{power: str(power) for power in powers}, last: str(last), never: "never"}
    axes.set_yscale("symlog", linthresh=every, linscale=0.15)
    axes.set(ylabel="steps to start", ylim=(-0.3 * every, 1.3 * never))
    axes.set_yticks(list(ticks), ticks.values())
    axes.set_yticks([m * p for p in (1, *powers) for m in range(2, 10) if every < m * p <= last], minor=True)


def _place_ticks(axes: Axes, shares: Data) -> None:
    """A tick at each place, if all series have the same."""
    first, *others = [each["x"] for each in shares["lines"]]
    if all(places == first for places in others):
        axes.set_xticks(first, [f"{place:g}" for place in first])
        axes.minorticks_off()
