"""Lengths of activations: their mean under popular initialisations, their fluctuation under patterns of widths.

Reference: hanin2018start, theorems 4 and 5 and figures 1 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import sympy as sp

from numerics.ensembles import Weights
from numerics.evaluate import function
from numerics.evidence.kept import Kept
from numerics.experiments import lengths
from papers.figures.panel import dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import FULL, panels
from papers.tables.notes import theorem
from theory.symbols import d, j, kurtosis, n

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# --- means -----------------------------------------------------------------------------------------

WIDTH, DEPTH = 100, 40
SEEN = (5, 10, 20, 40)  # depths at which networks are drawn in the figure
MEANS = "failure_modes.mean_length", "failure_modes.length_factor", "failure_modes.truncated_normal_variance"
CUT = 2  # standard deviations at which "truncated" weights are cut
SAME_AS_NORMAL = "He, uniform"  # has the line of another one

Initialisation = tuple[str, str, Weights, Weights | None]  # look, name of its factor, weights, biases


def _initialisations() -> dict[str, Initialisation]:
    """With the weights and biases that each draws."""
    kept = float(function("failure_modes.truncated_normal_variance")(cut=CUT))
    per_width, biases = Weights("uniform", 1 / 3, "fan_in"), Weights("uniform", 1 / (3 * WIDTH))
    return {
        "twice He's variance": ("first", "", Weights("normal", 4, "fan_in"), None),
        "He, normal": ("second", "he_normal", Weights("normal", 2, "fan_in"), None),
        SAME_AS_NORMAL: ("sixth", "he_uniform", Weights("uniform", 2, "fan_in"), None),
        "He, truncated": ("third", "he_truncated", Weights("truncated", 2 * kept, "fan_in"), None),
        "Glorot, LeCun": ("fourth", "glorot_normal", Weights("normal", 1, "fan_average"), None),
        "PyTorch's default": ("fifth", "torch_linear", per_width, biases),
    }


def _mean_lengths(factor: str, bias: Weights | None) -> list[float]:
    """E M_1..E M_d by the theorems, for M_0 = 1; without a factor's name the variance is twice He's."""
    of_layer = function("failure_modes.length_factor")
    scale = float(of_layer(init=factor, fan_in=WIDTH, fan_out=WIDTH)) if factor else 2.0
    given = {"scale": scale, "bias_variance": bias.variance if bias else 0, "input_length": 1}
    length = function("failure_modes.mean_length")
    return [float(length(widths=(WIDTH,) * (depth + 1), **given)) for depth in range(1, DEPTH + 1)]


def _means() -> Data:
    lines, sampled, relative = [], [], []
    kept: list[Kept] = []
    for name, (look, factor, weights, bias) in _initialisations().items():
        sample = name, (WIDTH,) * (DEPTH + 1), weights, bias
        theory, found = _mean_lengths(factor, bias), lengths.mean_lengths(*sample)
        kept.append(lengths.mean_lengths.kept(*sample))
        seen, exact = [found[depth - 1] for depth in SEEN], [theory[depth - 1] for depth in SEEN]
        if name != SAME_AS_NORMAL:
            lines.append(line(name, look, range(DEPTH + 1), [1.0, *theory]))
        sampled.append(dots(name, look, SEEN, seen))
        relative.append(dots("", look, SEEN, seen, per=exact))
    one = line("", "zero", (0.5 * SEEN[0], 2 * SEEN[-1]), (1, 1))
    parts = [panel("", lines, sampled), panel("", [one], relative)]
    return {"panels": parts, "sources": sources(map(theorem, MEANS), map(measurement, kept))}


def _draw_means(data: Data) -> Figure:
    figure, (left, right) = panels(figsize=(FULL, 3.4), ncols=2)
    draw(left, data["panels"][0], aside=0)
    left.set(xlabel="depth $d$", ylabel=r"$\mathrm{E}\,M_d/M_0$", yscale="log")
    draw(right, data["panels"][1], aside=3.5)
    depths = data["panels"][1]["dots"][0]["x"]
    right.set(xlabel="depth $d$", ylabel="sampled over derived", xscale="log", xlim=(depths[0] / 1.3, 1.3 * depths[-1]))
    right.set_xticks(depths, map(str, depths))
    right.minorticks_off()
    legend(figure, [left], columns=3)
    return settled(figure)


# --- fluctuations ----------------------------------------------------------------------------------

FLUCTUATIONS = "failure_modes.second_moment", "failure_modes.layer_variance"
BOUNDS = "failure_modes.second_moment_lower", "failure_modes.second_moment_upper"
LARGEST = 2  # sum of reciprocal widths: all patterns end there
Pattern = Callable[[int], tuple[int, ...]]
PATTERNS: dict[str, tuple[str, Pattern, tuple[int, ...], range]] = {  # look, widths n_1..n_d, depths of dots and lines
    "30, 10 in turn": ("first", lambda depth: (30, 10) * (depth // 2), (2, 4, 8, 16, 30), range(2, 31, 2)),
    "30 first, then 10": ("second", lambda d: (30,) * (d // 2) + (10,) * (d // 2), (2, 4, 8, 16, 30), range(2, 31, 2)),
    "10 first, then 30": ("third", lambda d: (10,) * (d // 2) + (30,) * (d // 2), (2, 4, 8, 16, 30), range(2, 31, 2)),
    "all 15": ("sixth", lambda depth: (15,) * depth, (3, 6, 12, 22), range(2, 31)),
    "all 100": ("fourth", lambda depth: (100,) * depth, (10, 30, 60, 120, 180), range(2, 201, 2)),
}


def _reciprocals(widths: Iterable[int]) -> float:
    return math.fsum(1 / width for width in widths)


def _fluctuations() -> Data:
    grid = [LARGEST * part / 40 for part in range(41)]
    lines: list[list[Data]] = [[line("bounds" * (at == 0), "bound", grid, _bound(at, grid)) for at in range(2)], []]
    sampled: list[list[Data]] = [[], []]
    kept = []
    measures = lengths.second_moment, lengths.layer_variance
    for name, (look, pattern, depths, every) in PATTERNS.items():
        drawn, seen = list(map(pattern, every)), list(map(pattern, depths))
        for at, (measure, value) in enumerate(zip(measures, map(function, FLUCTUATIONS), strict=True)):
            lines[at].append(line(name, look, map(_reciprocals, drawn), (value(widths=_from(w)) for w in drawn)))
            sampled[at].append(dots(name, look, map(_reciprocals, seen), (measure(_from(w)) for w in seen)))
            kept += [measure.kept(_from(widths)) for widths in seen]
    names = (*FLUCTUATIONS, *BOUNDS)
    parts = [
        panel(title, *both) for title, *both in zip(("last layer", "over the layers"), lines, sampled, strict=True)
    ]
    return {"panels": parts, "sources": sources(map(theorem, names), map(measurement, kept))}


def _from(widths: tuple[int, ...]) -> tuple[int, ...]:
    """The widths with an input: as wide as the first layer, which changes nothing."""
    return widths[0], *widths


def _bound(at: int, sums: Iterable[float]) -> list[float]:
    """The lower or upper bound on E M_d^2/M_0^2 for normal weights, as a function of the sum of reciprocal widths."""
    from theory.proof.library import find

    statement = find(BOUNDS[at]).derivation().statement
    of_one_layer = (statement.right if at else statement.left).subs({kurtosis: 3, d: 1}).doit()
    return [float(of_one_layer.xreplace({1 / n[1]: sp.Float(total)})) for total in sums]


def _draw_fluctuations(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 3.5), ncols=2)
    labels = r"$\mathrm{E}\,M_d^2/M_0^2$", r"$\mathrm{E}\,\widehat{\mathrm{Var}}[M]/M_0^2$"
    for one, each, label in zip(axes, data["panels"], labels, strict=True):
        draw(one, each, aside=0)
        one.set(xlabel=r"$1/n_1+\cdots+1/n_d$", ylabel=label, yscale="log")
    legend(figure, axes, columns=3)
    return settled(figure)


PICTURES = (
    Picture(
        "length_by_depth",
        (
            "The mean length of a rectifier network's activations against the depth ",
            d,
            f", all layers {WIDTH} wide, under popular initialisations: lines are theorems, dots means over "
            f"{lengths.NETWORKS} sampled networks with two standard errors; the dots of one initialisation are layers "
            f"of the same networks. Truncated: cut at {CUT} standard deviations and not corrected for it. PyTorch's "
            "default has biases, which hold the length above 0; the others have none. At equal widths Glorot's and "
            "LeCun's variances are one.",
        ),
        _means,
        _draw_means,
    ),
    Picture(
        "layer_variance_by_widths",
        (
            "How much lengths fluctuate, against the sum of the reciprocal widths ",
            1 / n[j],
            ", for networks with He's "
            "weights, of several patterns of widths and depths. Left, the second moment of the last layer's length, which "
            "lies between two exponentials of that sum and does not know the layers' order; right, the mean of the "
            "empirical variance over layers, which knows it. Lines are theorems; dots are sampled under a tilted law with "
            "exact weights, with two standard errors.",
        ),
        _fluctuations,
        _draw_fluctuations,
    ),
)
