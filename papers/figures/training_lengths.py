"""Mean lengths in deep convolutional networks at initialisation: their powers of ten, and how far these are from predicted.

Reference: hanin2018start, figure 1 (H-09).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.experiments.estimate import Estimate
from papers.figures.panel import dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import COLOURS, FULL, panels
from papers.tables.notes import theorem
from papers.training import required
from theory.symbols import length

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THEOREMS = "failure_modes.circular_convolution", "failure_modes.length_factor", "failure_modes.mean_length"
DRAWN = 5  # layers with dots, at equal distances up to the last
ASIDE = 3.2  # points between neighbouring laws' dots on the right
LAWS = {
    "double_he": ("2×He, normal", "first"),
    "he_normal": ("He, normal", "second"),
    "he_uniform": ("He, uniform", "sixth"),
    "he_truncated": ("He, truncated", "third"),
    "glorot_normal": ("Glorot, normal", "fourth"),
    "glorot_uniform": ("Glorot, uniform", "fifth"),
    "glorot_truncated": ("Glorot, truncated", "seventh"),
}
PRINTED_LAYERS, PRINTED_HE = 100, 5.0  # the power of ten of He's is the input's length
PRINTED = {"2×He": 36.0, "trunc. He": -5.5, "Glorot uniform": -26.0, "Glorot normal": -37.0}  # as the figure names them


def _data() -> Data:
    outcome = required("convolution_lengths")
    config, sampled, off = outcome.config, [], []
    lines: dict[float, Data] = {}  # by where they end: Glorot's variance has one, so has He's
    layers = [round(config.depth * part / DRAWN) for part in range(1, DRAWN + 1)]
    for expected, seen in zip(outcome.predicted.factors, outcome.observed.lengths, strict=True):
        (label, look), step = LAWS[expected.law], math.log10(expected.factor)
        first = expected.exponent - (config.depth - 1) * step
        exact, found = [first + (layer - 1) * step for layer in layers], _products(seen.layers, seen.errors, layers)
        straight = line(label, look, [0, 1, config.depth], [0.0, first, expected.exponent])
        lines.setdefault(round(expected.exponent, 9), straight)
        sampled.append(dots(label, look, layers, found))
        quotients = [Estimate(each.value - power, each.error) for each, power in zip(found, exact, strict=True)]
        off.append(dots(label, look, layers, quotients))
    title = (
        f"{config.features} features in each of {config.depth} layers, "
        f"{config.networks} networks of each law, a picture of {config.data}"
    )
    zero = line("", "zero", (0, config.depth), (0, 0))
    return {
        "panels": [panel("powers of ten", lines.values(), sampled), panel("observed over predicted", [zero], off)],
        "drawn": title,
        "printed": {"layer": PRINTED_LAYERS, "exponents": [power - PRINTED_HE for power in PRINTED.values()]},
        "sources": sources(map(theorem, THEOREMS), [measurement(outcome.kept)]),
    }


def _products(means: Sequence[float], errors: Sequence[float], layers: Iterable[int]) -> list[Estimate]:
    """log10 of the product of the first layers' mean ratios, with errors to first order, as in the experiment."""
    ratios, deviations = np.array(means), np.array(errors)
    powers = np.log10(ratios).cumsum()
    spread = np.sqrt(((deviations / ratios) ** 2).cumsum()) / math.log(10)
    return [Estimate(float(powers[layer - 1]), float(spread[layer - 1])) for layer in layers]


def _draw(data: Data) -> Figure:
    figure, (left, right) = panels(figsize=(FULL, 3.7), ncols=2, width_ratios=(1.15, 1))
    figure.suptitle(data["drawn"], fontsize="small")
    draw(left, data["panels"][0], aside=0)
    _draw_printed(left, data["printed"])
    left.set(xlabel="layer $j$", ylabel=r"$\log_{10}\,\mathrm{E}\,M_j/M_0$")
    draw(right, data["panels"][1], aside=ASIDE)
    right.set(xlabel="layer $j$", ylabel=r"$\log_{10}$ of the quotient")
    right.margins(x=0.13)
    right.set_xticks([0, *data["panels"][1]["dots"][0]["x"]])
    legend(figure, [left], columns=4)
    return settled(figure)


def _draw_printed(axes: Any, printed: Data) -> None:
    """Bars across the layer that the paper's figure ends at."""
    axes.plot(
        [printed["layer"]] * len(printed["exponents"]), printed["exponents"],
        linestyle="", marker="_", markersize=16, markeredgewidth=1.4, color=COLOURS["black"], zorder=3,
        label="printed, relative to He's",
    )  # fmt: skip


PICTURES = (
    Picture(
        "training_convolution_lengths",
        (
            "The mean length ",
            length,
            " of the activations in deep networks of rectified 3×3 convolutions with circular padding, at initialisation, "
            "by the law of the weights; fans are counted with the kernel. Left: lines are theorems, those of one variance "
            "being one line; dots are products of the layers' mean ratios up to a layer, over sampled networks, with two "
            f"standard errors; bars, the powers of ten that are printed for {PRINTED_LAYERS} layers of 10 features, less "
            f"that of He's, from the top for {', '.join(PRINTED)}. Right: dots over lines, side by side; a law's dots share "
            "their networks, so they go astray together. Truncated: cut at two standard deviations and not corrected for "
            "it. Compare the lowest bar with the lines of the two laws that might have been meant.",
        ),
        _data,
        _draw,
    ),
)
