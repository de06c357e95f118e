"""Shattered gradients: their correlation against the depth, and slopes along a line beside brown and white noise.

Reference: balduzzi2017, sections 1 and 2, figure 1.  Networks: those of ``numerics.experiments``, which samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from numerics.evaluate import function
from numerics.evidence.kept import Measured
from numerics.experiments import scalar_inputs, shattering, skips
from papers.figures.panel import depth_axis, dots, draw, legend_inside, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import FULL, panels
from papers.table import Source
from papers.tables.notes import theorem
from theory.shattering.brownian import s, t
from theory.shattering.normalized import beta
from theory.symbols import L, N

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# --- the correlation against the depth -----------------------------------------------------------------

DEPTHS = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = {64: DEPTHS[:-1], 256: DEPTHS}  # without skips, as deep as their gradients' heavy tails let averages settle
WIDTH = 64  # of residual networks
BETAS = (1.0, 0.1)
PAIR, BATCH = 2, 64  # inputs without and with normalisation
PAIRS, BATCHES = 2000, 50  # networks for each estimate: a batch has 2016 pairs
FAINTEST = 3e-4  # the end of the axis
PLAIN, WIDE = "shattering.feedforward_correlation", "shattering.relu_gradient_correlation"
SKIPS, NORMALIZED = "shattering.resnet_correlation", "shattering.normalized_resnet_correlation"


def _correlation_data() -> Data:
    left, left_sources = _without_skips()
    right, right_sources = _with_skips()
    theorems = map(theorem, (PLAIN, WIDE, SKIPS, NORMALIZED))
    return {
        "panels": [left, right],
        "depths": list(DEPTHS),
        "faintest": FAINTEST,
        "sources": sources(theorems, left_sources, right_sources),
    }


def _without_skips() -> tuple[Data, list[Source]]:
    lines = [
        _theory("$2^{-L}$, typical data", "ideal", PLAIN),
        _theory(r"$N\to\infty$", "wide", WIDE, correlation=0),
    ]
    sampled, rested = [], []
    for (width, depths), look in zip(WIDTHS.items(), ("first", "second"), strict=True):
        found, origins = _measured(shattering.estimate, [(width, depth, 0.0) for depth in depths])
        sampled.append(dots(f"sampled, $N={width}$", look, depths, found))
        rested += origins
    return panel("without skips", lines, sampled), rested


def _with_skips() -> tuple[Data, list[Source]]:
    half = 0.5**0.5
    kinds: list[tuple[str, str, str, dict[str, float], list[tuple[Any, ...]]]] = [
        (
            *("not normalised: $(3/4)^L$", "third", SKIPS, {"alpha": half, "beta": 1.0}),
            [(WIDTH, depth, half, half, PAIR, False, PAIRS) for depth in DEPTHS],
        )
    ]
    for weight, look in zip(BETAS, ("first", "second"), strict=True):
        places = [(WIDTH, depth - 1, 1.0, weight, BATCH, True, BATCHES) for depth in DEPTHS[1:]]
        kinds.append((rf"normalised, $\beta={weight:g}$", look, NORMALIZED, {"beta": weight}, places))
    lines, sampled, rested = [], [], []
    for label, look, name, given, places in kinds:
        lines.append(_theory(label, look, name, **given))
        found, origins = _measured(skips.correlation, places)
        sampled.append(dots(label, look, DEPTHS[-len(places) :], found))
        rested += origins
    return panel(f"residual (dots: sampled, $N={WIDTH}$)", lines, sampled), rested


def _theory(label: str, look: str, name: str, **given: float) -> Data:
    """A theorem at every depth, as far as the axis shows it."""
    every = np.arange(DEPTHS[0], DEPTHS[-1] + 1)
    values = function(name)(depth=every, **given)
    seen = min(len(every), 1 + int((values >= FAINTEST).sum()))
    return line(label, look, every[:seen].tolist(), values[:seen])


def _measured(measure: Measured[Any, Any], places: Sequence[tuple[Any, ...]]) -> tuple[list[Any], list[Source]]:
    """What is measured for each of the arguments, and that as sources."""
    return [measure(*at) for at in places], [measurement(measure.kept(*at)) for at in places]


def _draw_correlation(data: Data) -> Figure:
    figure, both = panels(figsize=(FULL, 3.3), ncols=2, sharey=True)
    for axes, each in zip(both, data["panels"], strict=True):
        draw(axes, each)
        axes.set(yscale="log", ylim=(data["faintest"], 1.3))
        depth_axis(axes, data["depths"])
        legend_inside(axes, loc="lower left")
    both[0].set_ylabel("correlation of gradients")
    return settled(figure)


# --- slopes along a line -------------------------------------------------------------------------------

UNITS = 200  # in a layer
POINTS = 256  # of the slopes
IMAGE = 64  # of the correlations, on either side
NETWORKS = 200
NOISE = "shattering.brownian_covariance"
ROWS = (
    (
        ("feed-forward\n1 layer", "feedforward", (UNITS, 1)),
        ("feed-forward, normalised\n24 layers", "normalized", (UNITS, 24)),
        ("residual, normalised\n50 layers, $\\beta=0.1$", "residual", (UNITS, 50, 0.1)),
        ("feed-forward\n24 layers", "feedforward", (UNITS, 24)),
    ),
    (
        ("brown noise", "brown", ()),
        ("white noise", "white", ()),
        ("residual, normalised\n50 layers, $\\beta=1$", "residual", (UNITS, 50, 1.0)),
        ("looks linear\n50 layers", "looks_linear", (UNITS, 50)),
    ),
)


def _slopes_data() -> Data:
    found = [[_process(*each) for each in row] for row in ROWS]
    return {
        "inputs": scalar_inputs.grid(POINTS).tolist(),
        "points": IMAGE,
        "rows": [[process for process, _ in row] for row in found],
        "theory": {"brown noise": _brownian()},
        "sources": sources(theorem(NOISE), *(origins for row in found for _, origins in row)),
    }


def _process(title: str, name: str, shape: tuple[float, ...]) -> tuple[Data, list[Source]]:
    """The first network's slopes over their root mean square; the correlations of all of them, x <= y."""
    process = getattr(scalar_inputs, name)
    (slopes,), one = _measured(scalar_inputs.slope, [(process, shape, POINTS, 0)])
    (covariance,), all_of_them = _measured(scalar_inputs.covariance, [(process, shape, IMAGE, NETWORKS)])
    unit = np.sqrt((slopes**2).mean())
    data = {"title": title, "slopes": (slopes / unit).tolist(), "correlations": _correlations(covariance)}
    return data, [*one, *all_of_them]


def _brownian() -> list[float]:
    """The theorem's correlations, x <= y."""
    shares = np.arange(1, IMAGE + 1) / IMAGE
    first, second = np.triu_indices(IMAGE)
    return _correlations(function(NOISE)(s=shares[first], t=shares[second]))


def _correlations(covariance: NDArray[np.float64]) -> list[float]:
    """From covariances for x <= y."""
    first, second = np.triu_indices(IMAGE)
    deviation = np.sqrt(covariance[first == second])
    found: list[float] = np.round(covariance / (deviation[first] * deviation[second]), 4).tolist()
    return found


def _draw_slopes(data: Data) -> Figure:
    rows = data["rows"]
    ratios = {"height_ratios": (3, 5) * len(rows)}
    figure, grid = panels(
        figsize=(FULL, 6.3), nrows=2 * len(rows), ncols=len(rows[0]), sharex=True, sharey="row", gridspec_kw=ratios
    )
    for at, row in enumerate(rows):
        for curve, axes, process in zip(grid[2 * at], grid[2 * at + 1], row, strict=True):
            curve.plot(data["inputs"], process["slopes"], color="black", linewidth=0.6)
            curve.set_title(process["title"], fontsize=8)
            curve.tick_params(bottom=False)
            image = _image(axes, process, data)
        grid[2 * at, 0].set(ylabel="$f'(x)$", ylim=(-4.5, 4.5), yticks=(-3, 0, 3))
        grid[2 * at + 1, 0].set(ylabel="$y$", yticks=(-2, 0, 2))
    for axes in grid[-1]:
        axes.set(xlabel="$x$", xticks=(-2, 0, 2))
    bar = figure.colorbar(image, ax=grid, orientation="horizontal", shrink=0.6, aspect=40)
    bar.set_label("correlation of $f'(x)$ and $f'(y)$")
    return settled(figure)


def _image(axes: Axes, process: Data, data: Data) -> Any:
    """Sampled correlations; below the diagonal those of theory, where there are any."""
    theory = data["theory"].get(process["title"])
    upper = np.triu_indices(data["points"])
    matrix = np.zeros((data["points"], data["points"]))
    matrix.T[upper] = theory or process["correlations"]
    matrix[upper] = process["correlations"]
    if theory:
        write: Any = {"fontsize": 7, "ha": "center", "va": "center", "transform": axes.transAxes}
        axes.text(0.72, 0.91, "sampled", **write)
        axes.text(0.28, 0.09, "theorem", **write)
    left, right = data["inputs"][0], data["inputs"][-1]
    return axes.imshow(
        matrix,
        extent=(left, right, right, left),
        vmin=-0.8,
        vmax=1,
        cmap="viridis",
        interpolation="nearest",
        aspect="auto",
    )


PICTURES = (
    Picture(
        "gradient_correlation",
        (
            *("The correlation of two inputs' gradients against the depth ", L, ". Left: rectifier networks; "),
            *(
                2**-L,
                " for typical datapoints, the law of wide networks with orthogonal inputs, and networks sampled at ",
            ),
            *("widths ", N, ". Right: residual networks; ", sp.Rational(3, 4) ** L, " without normalisation, and the "),
            *("theorem on branches of weight ", beta, " that are divided by the expected deviation. "),
            f"There the dots are networks of width {WIDTH}, normalised over batches of {BATCH} inputs, whose gradients ",
            "pass through the batch's mean and deviation. Bars: two standard errors.",
        ),
        _correlation_data,
        _draw_correlation,
    ),
    Picture(
        "shattered_gradients",
        (
            f"The slope along a line of random networks of one input, {UNITS} units wide, beside brown and white noise. ",
            "Curves: the first network drawn, over its root mean square. Images: the correlation of the slopes at two ",
            f"places, over {NETWORKS} networks; below the diagonal of brown noise that of the theorem, ",
            *(
                sp.Min(s, t) / sp.sqrt(s * t),
                " at shares ",
                s,
                " and ",
                t,
                " of the line. Normalisation takes the mean ",
            ),
            "and the deviation along the line as constants.",
        ),
        _slopes_data,
        _draw_slopes,
    ),
)
