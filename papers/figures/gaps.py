"""What the idealisations cost: idealised theorems as lines, real networks as dots, over widths and depths.

References and networks: those of ``numerics.experiments``, which samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from papers.figures.style import COLOURS, dots, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from numerics.experiments.estimate import Estimate

MARKS = tuple(zip(("vermilion", "blue", "green"), ("o", "s", "^"), strict=True))  # of widths, or of batches
IDEAL: Any = {"color": "black", "linestyle": (0, (4, 2))}
WIDE: Any = {"color": "black", "linestyle": "-"}


def shattering_gap() -> Figure:
    """The gradient correlation against the depth: 2^-L, wide networks, real ones."""
    from numerics.experiments import shattering as gap

    figure, axes = panels(figsize=(6.6, 3.3), ncols=2, sharey=True)
    for panel, rho in zip(axes, gap.CORRELATIONS, strict=True):
        _line(panel, gap.DEPTHS, lambda depth: 2.0**-depth, "$2^{-L}$ (typical datapoints)", IDEAL)
        _line(panel, gap.DEPTHS, lambda depth, rho=rho: gap.wide(depth, rho), r"$N\to\infty$", WIDE)
        for width, mark in zip(gap.WIDTHS, MARKS, strict=True):
            found = [gap.estimate(width, depth, rho) for depth in gap.DEPTHS]
            _sampled(panel, gap.DEPTHS, found, mark, f"$N={width}$")
        panel.set(title=f"inputs of correlation {rho:g}", yscale="log", ylim=(0.003, 1))
        _depths(panel, gap.DEPTHS)
    axes[0].set_ylabel("correlation of gradients")
    return _finished(figure, axes[0])


def tanh_gap() -> Figure:
    """Variances against the depth: the linear regime, wide tanh networks, real ones."""
    from numerics.experiments import linear_regime as gap

    figure, axes = panels(figsize=(6.6, 3.3), ncols=2)
    names = ("forward", "backward"), (r"$\mathrm{E}\,|z^L|^2/N$", r"$\mathrm{E}\,|\partial C/\partial s^0|^2/N$")
    for at, (panel, title, label) in enumerate(zip(axes, *names, strict=True)):
        _line(panel, gap.DEPTHS, lambda depth, at=at: gap.claims(gap.WIDTHS[0], depth)[at], "linear regime", IDEAL)
        _line(panel, gap.DEPTHS, lambda depth, at=at: gap.wide(depth)[at], r"$N\to\infty$", WIDE)
        for width, mark in zip(gap.WIDTHS, MARKS, strict=True):
            _sampled(panel, gap.DEPTHS, [gap.estimates(width, depth)[at] for depth in gap.DEPTHS], mark, f"$N={width}$")
        panel.set(title=title, ylabel=label, yscale="log", ylim=(0.005, 1.5))
        _depths(panel, gap.DEPTHS)
    return _finished(figure, axes[0])


def coin_gap() -> Figure:
    """Mean and variance of the walk for each layer: fair coins, real networks."""
    from numerics.experiments import coins as gap

    figure, axes = panels(figsize=(6.6, 3.3), ncols=2)
    labels = r"$\mathrm{E}\,\ln Z\,/L$", r"$\mathrm{Var}\,\ln Z\,/L$"
    for at, (panel, name) in enumerate(zip(axes, labels, strict=True)):
        for width, mark in zip(gap.WIDTHS, MARKS, strict=True):
            label = "fair coins" if width == gap.WIDTHS[0] else None
            _line(panel, gap.DEPTHS, lambda depth, of=(width, at): gap.claims(of[0], depth)[of[1]] / depth, label, WIDE)
            found = [gap.estimates(width, depth)[at] for depth in gap.DEPTHS]
            _sampled(panel, gap.DEPTHS, found, mark, f"$N={width}$", per=gap.DEPTHS)
        panel.set_ylabel(name)
        _depths(panel, gap.DEPTHS)
    axes[1].set_yscale("log")
    return _finished(figure, axes[0])


def normalisation_gap() -> Figure:
    """The gradient correlation against the depth: ideal batch normalisation, real one at several widths and batches."""
    from numerics.experiments import normalized as gap

    figure, axes = panels(figsize=(6.6, 3.3), ncols=2, sharey=True)
    series = (
        (f"batches of $k={gap.BATCH}$", [((width, gap.BATCH), f"$N={width}$") for width in gap.WIDTHS]),
        (f"width $N={gap.WIDTH}$", [((gap.WIDTH, batch), f"$k={batch}$") for batch in gap.BATCHES]),
    )
    for panel, (title, shapes) in zip(axes, series, strict=True):
        _line(panel, gap.DEPTHS, lambda depth: gap.claims(depth)[0], "expected deviation, typical datapoints", IDEAL)
        panel.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        for (shape, label), mark in zip(shapes, MARKS, strict=True):
            _sampled(panel, gap.DEPTHS, [gap.correlation(*shape, depth) for depth in gap.DEPTHS], mark, label)
        panel.set(title=title, ylim=(-0.4, 1))
        handles, labels = panel.get_legend_handles_labels()
        panel.legend(handles[1:], labels[1:])
        _depths(panel, gap.DEPTHS)
    axes[0].set_ylabel("correlation of gradients")
    return _finished(figure, axes[0], entries=1)


def _line(
    axes: Axes, depths: Sequence[int], value: Callable[..., float], label: str | None, style: dict[str, Any]
) -> None:
    """A theory's value at every depth from the first to the last."""
    every = range(depths[0], depths[-1] + 1)
    axes.plot(every, [value(depth) for depth in every], label=label, **style)


def _sampled(
    axes: Axes,
    depths: Sequence[int],
    found: Iterable[Estimate],
    mark: tuple[str, str],
    label: str,
    per: Sequence[int] | None = None,
) -> None:
    """Estimates, divided by ``per`` if given, beside their depth so that error bars of three series do not overlap."""
    import numpy as np

    colour, marker = mark
    values = np.array([(estimate.value, estimate.error) for estimate in found]).T / (1 if per is None else per)
    aside = 1 + 0.05 * (MARKS.index(mark) - 1)
    dots(axes, [depth * aside for depth in depths], values, COLOURS[colour], marker, label)


def _depths(axes: Axes, depths: Sequence[int]) -> None:
    """A logarithmic axis of depths with a tick at each."""
    axes.set(xlabel="depth $L$", xscale="log")
    axes.set_xticks(depths, map(str, depths))
    axes.minorticks_off()


def _finished(figure: Figure, axes: Axes, entries: int | None = None) -> Figure:
    """The figure with a legend of one panel's entries, all or the first ones, below the panels."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[:entries], labels[:entries], loc="outside lower center", ncols=len(labels))
    figure.draw_without_rendering()  # a first layout may still move in the second: saved twice, the file is the same
    return figure
