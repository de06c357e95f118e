"""A panel as data, lines and dots under a title, and its drawing: lines are theory, dots are sampled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from papers.figures.picture import Data
from papers.figures.style import COLOURS, LOOKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.experiments.estimate import Estimate

ASIDE = 2.0  # points between neighbouring series' dots, so that their error bars do not hide each other
POINTS = 72  # in an inch
HANDLE = 2.6  # of a legend's line, in font sizes: as long as the longest dashes need


def line(label: str, look: str, x: Iterable[float], y: Iterable[float]) -> Data:
    """A line with a name of `LOOKS`; with an empty label it is not in the legend."""
    return {"label": label, "look": look, "x": list(x), "y": list(map(float, y))}


def dots(label: str, look: str, x: Iterable[float], found: Iterable[Estimate], per: Sequence[float] = ()) -> Data:
    """Estimates at their places x, divided by `per` if given."""
    estimates, places = list(found), list(x)
    units = per or [1] * len(places)
    values, errors = (
        [getattr(estimate, part) / unit for estimate, unit in zip(estimates, units, strict=True)]
        for part in ("value", "error")
    )
    return {"label": label, "look": look, "x": places, "y": values, "error": errors}


def panel(title: str, lines: Iterable[Data], sampled: Iterable[Data]) -> Data:
    return {"title": title, "lines": list(lines), "dots": list(sampled)}


def draw(axes: Axes, data: Data, aside: float = ASIDE) -> None:
    """Title, lines and dots; the dots of several series so many points beside each other."""
    axes.set_title(data["title"])
    for each in data["lines"]:
        look = LOOKS[each["look"]]
        axes.plot(
            each["x"], each["y"], color=COLOURS[look.colour], linestyle=look.dashes, linewidth=look.breadth,
            label=each["label"] or None,
        )  # fmt: skip
    middle = (len(data["dots"]) - 1) / 2
    for at, each in enumerate(data["dots"]):
        _dots(axes, each, aside * (at - middle))


def _dots(axes: Axes, data: Data, aside: float) -> None:
    """Means with two standard errors."""
    from matplotlib.transforms import ScaledTranslation

    look = LOOKS[data["look"]]
    points, _, bars = axes.errorbar(
        data["x"], data["y"], yerr=[2 * error for error in data["error"]], fmt=look.marker, markersize=3.5,
        elinewidth=1, color=COLOURS[look.colour], markeredgecolor="black", markeredgewidth=0.4,
        label=data["label"] or None,
    )  # fmt: skip
    beside = axes.transData + ScaledTranslation(aside / POINTS, 0, axes.figure.dpi_scale_trans)
    for artist in (points, *bars):
        artist.set_transform(beside)  # now that the axes know the data's own places


def depth_axis(axes: Axes, depths: Sequence[int]) -> None:
    """A logarithmic axis of depths with a tick at each."""
    axes.set(xlabel="depth $L$", xscale="log")
    axes.set_xticks(depths, map(str, depths))
    axes.minorticks_off()


def legend(figure: Figure, axes: Iterable[Axes], columns: int = 6) -> None:
    """Below the panels what is in any of them; a line and dots of one label together."""
    handles, labels = _together(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(labels)), handlelength=HANDLE)


def legend_inside(axes: Axes, **place: Any) -> None:
    """What is in a panel, at a place of it, as matplotlib names places."""
    axes.legend(*_together([axes]), handlelength=HANDLE, **place)


def _together(axes: Iterable[Axes]) -> tuple[Any, list[str]]:
    """For each label its line and its dots, which matplotlib draws over each other."""
    found: dict[str, dict[str, Any]] = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(label, {}).setdefault(type(handle).__name__, handle)
    return [tuple(kinds.values()) for kinds in found.values()], list(found)


def settled(figure: Figure) -> Figure:
    """The figure with its layout made once for PDF and PNG: twice over, since a first one may still move a little."""
    engine = figure.get_layout_engine()
    assert engine is not None
    for _ in range(2):
        engine.execute(figure)
    figure.set_layout_engine("none")
    return figure
