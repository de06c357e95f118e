"""What the idealisations cost: idealised theorems as lines, real networks as dots, over widths and depths.

References and networks: those of ``numerics.experiments``, which samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from numerics.evaluate import function
from numerics.experiments import coins, normalized, shattering
from numerics.experiments import linear_regime as linear
from papers.figures.panel import depth_axis, dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, computation, measurement, sources
from papers.figures.style import FULL, panels
from papers.tables.notes import theorem
from theory.symbols import L, N, k

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (FULL, 3.2)
LOOKS = ("first", "second", "third")  # of widths, or of batches


def _every(depths: Sequence[int]) -> range:
    """All depths from the first to the last: a theorem's line has them all."""
    return range(depths[0], depths[-1] + 1)


def _axes(data: Data, panel_labels: Sequence[str], **shared: bool) -> tuple[Figure, Sequence[Axes]]:
    """The panels with their axis of depths and their legend; an empty label leaves the one to the left."""
    figure, axes = panels(figsize=SIZE, ncols=2, **shared)
    for one, each, label in zip(axes, data["panels"], panel_labels, strict=True):
        draw(one, each)
        one.set_ylabel(label)
        depth_axis(one, each["dots"][0]["x"])
    legend(figure, axes)
    return figure, axes


# --- shattering ------------------------------------------------------------------------------------

SHATTERED = "shattering.feedforward_correlation", "shattering.relu_gradient_correlation"


def _shattering() -> Data:
    ideal, every, kept, parts = function(SHATTERED[0]), _every(shattering.DEPTHS), [], []
    for rho in shattering.CORRELATIONS:
        lines = [
            line("$2^{-L}$ (typical datapoints)", "ideal", every, [ideal(depth=depth) for depth in every]),
            line(r"$N\to\infty$", "wide", every, [shattering.wide(depth, rho) for depth in every]),
        ]
        sampled = []
        for width, look in zip(shattering.WIDTHS, LOOKS, strict=True):
            shapes = [(width, depth, rho) for depth in shattering.DEPTHS]
            sampled.append(
                dots(f"$N={width}$", look, shattering.DEPTHS, (shattering.estimate(*shape) for shape in shapes))
            )
            kept += [shattering.estimate.kept(*shape) for shape in shapes]
        parts.append(panel(f"inputs of correlation {rho:g}", lines, sampled))
    return {"panels": parts, "sources": sources(map(theorem, SHATTERED), map(measurement, kept))}


def _draw_shattering(data: Data) -> Figure:
    figure, axes = _axes(data, ("correlation of gradients", ""), sharey=True)
    axes[0].set(yscale="log", ylim=(0.003, 1))
    return settled(figure)


# --- linear regime ---------------------------------------------------------------------------------

LINEAR = "variance.activation", "variance.backpropagated", "variance.jacobian_factor"


def _tanh() -> Data:
    every, depths, parts = _every(linear.DEPTHS), linear.DEPTHS, []
    for at, title in enumerate(("forward", "backward")):
        lines = [
            line("linear regime", "ideal", every, [linear.claims(linear.WIDTHS[0], depth)[at] for depth in every]),
            line(r"$N\to\infty$", "wide", every, [linear.wide(depth)[at] for depth in every]),
        ]
        sampled = [
            dots(f"$N={width}$", look, depths, [linear.estimates(width, depth)[at] for depth in depths])
            for width, look in zip(linear.WIDTHS, LOOKS, strict=True)
        ]
        parts.append(panel(title, lines, sampled))
    kept = [linear.estimates.kept(width, depth) for width in linear.WIDTHS for depth in depths]
    rests_on = (map(theorem, LINEAR), computation(linear.wide), map(measurement, kept))
    return {"panels": parts, "sources": sources(*rests_on)}


def _draw_tanh(data: Data) -> Figure:
    labels = r"$\mathrm{E}\,|z^L|^2/N$", r"$\mathrm{E}\,|\partial C/\partial s^0|^2/N$"
    figure, axes = _axes(data, labels)
    for one in axes:
        one.set(yscale="log", ylim=(0.005, 1.5))
    return settled(figure)


# --- fair coins ------------------------------------------------------------------------------------

COINS = "random_walk.relu_log_mean", "random_walk.relu_log_variance"


def _coins() -> Data:
    kept = [coins.estimates.kept(width, depth) for width in coins.WIDTHS for depth in coins.DEPTHS]
    every, parts = _every(coins.DEPTHS), []
    for at in range(2):
        lines, sampled = [], []
        for width, look in zip(coins.WIDTHS, LOOKS, strict=True):
            label = "fair coins" if width == coins.WIDTHS[0] else ""
            found = [coins.estimates(width, depth)[at] for depth in coins.DEPTHS]
            lines.append(line(label, "wide", every, [coins.claims(width, depth)[at] / depth for depth in every]))
            sampled.append(dots(f"$N={width}$", look, coins.DEPTHS, found, per=coins.DEPTHS))
        parts.append(panel("", lines, sampled))
    return {"panels": parts, "sources": sources(map(theorem, COINS), map(measurement, kept))}


def _draw_coins(data: Data) -> Figure:
    figure, axes = _axes(data, (r"$\mathrm{E}\,\ln Z\,/L$", r"$\mathrm{Var}\,\ln Z\,/L$"))
    axes[1].set_yscale("log")
    return settled(figure)


# --- batch normalisation ---------------------------------------------------------------------------

NORMALISED = "shattering.normalized_resnet_correlation"


def _normalisation() -> Data:
    width, batch, depths = normalized.WIDTH, normalized.BATCH, normalized.DEPTHS
    series = (
        (f"batches of $k={batch}$", [((each, batch), f"$N={each}$") for each in normalized.WIDTHS]),
        (f"width $N={width}$", [((width, each), f"$k={each}$") for each in normalized.BATCHES]),
    )
    every, kept, parts = _every(depths), [], []
    for title, shapes in series:
        ideal = line("idealised", "ideal", every, [normalized.claims(depth)[0] for depth in every])
        zero = line("", "zero", (depths[0], depths[-1]), (0, 0))
        sampled = []
        for (shape, label), look in zip(shapes, LOOKS, strict=True):
            sampled.append(dots(label, look, depths, [normalized.correlation(*shape, depth) for depth in depths]))
            kept += [normalized.correlation.kept(*shape, depth) for depth in depths]
        parts.append(panel(title, [zero, ideal], sampled))
    return {"panels": parts, "sources": sources(theorem(NORMALISED), map(measurement, kept))}


def _draw_normalisation(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 3.0), ncols=2, sharey=True)
    for one, each in zip(axes, data["panels"], strict=True):
        draw(one, each)
        depth_axis(one, each["dots"][0]["x"])
        one.legend()
    axes[0].set(ylabel="correlation of gradients", ylim=(-0.4, 1))
    return settled(figure)


PICTURES = (
    Picture(
        "shattering_gap",
        (
            "The correlation of two inputs' gradients over ",
            L,
            " rectifier layers of width ",
            N,
            " with He's weights: the ",
            2**-L,
            f" of typical datapoints, its value in wide networks, and {shattering.NETWORKS} real networks each, with two "
            "standard errors.",
        ),
        _shattering,
        _draw_shattering,
    ),
    Picture(
        "tanh_gap",
        (
            "Variances over ",
            L,
            " tanh layers of width ",
            N,
            " with Glorot's normalised weights: the linear regime, which keeps them at 1, their values in wide networks, "
            f"and {linear.NETWORKS} real networks each, with two standard errors.",
        ),
        _tanh,
        _draw_tanh,
    ),
    Picture(
        "coin_gap",
        (
            "Mean and variance, for each layer, of the log-norm of a gradient over ",
            L,
            " rectifier layers of width ",
            N,
            " at gain 1, given that no layer is dead: with masks that are fair coins, and in "
            f"{coins.NETWORKS} real networks each, with two standard errors. Here the idealisation loses nothing.",
        ),
        _coins,
        _draw_coins,
    ),
    Picture(
        "normalisation_gap",
        (
            "The correlation of inputs' gradients over ",
            L - 1,
            " residual modules with batch normalisation: idealised as a division by the expected deviation, for typical "
            f"datapoints; and in {normalized.NETWORKS} real networks each, of width ",
            N,
            " and with batches of ",
            k,
            " inputs, with two standard errors.",
        ),
        _normalisation,
        _draw_normalisation,
    ),
)
