"""When and whether networks begin to learn: against widths, laws of weights, and scales of residual modules.

Reference: hanin2018start, H-11 and H-12.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import repeat

from numerics.training.experiments.ranks import explained
from numerics.training.experiments.start import GOAL
from papers.figures.picture import Data, Picture
from papers.figures.starts import READING, Series, data_of, draw_starts
from papers.figures.style import LOOKS
from papers.training import Outcome, required
from theory.symbols import d, j, l, n

WALKS = "failure_modes.log_length_mean", "failure_modes.log_length_variance"
SIGNALS = "shattering.relu_correlation", "shattering.coactivation"  # what depth leaves of the inputs' shares

FAMILIES = dict(zip(("10", "15", "20", "30 and 10 in turn", "30 first", "10 first"), LOOKS, strict=False))


def _start() -> Data:
    outcome = required("start")
    observed = outcome.observed.starts
    each = [(step, start.sum, float(start.depth)) for start in observed for step in start.steps]
    by_sum, by_depth = (explained([step[0] for step in each], [step[at] for step in each]) for at in (1, 2))
    columns = [
        (f"one curve over the sum explains\n{by_sum:.0%} of the ranks' variance", _families(outcome, "sum")),
        (f"one curve over the depth explains\n{by_depth:.0%} of the ranks' variance", _families(outcome, "depth")),
    ]
    theorems = *WALKS, "failure_modes.dead_layer_probability", *SIGNALS
    return data_of(outcome, columns, "family and sum", theorems)


def _families(outcome: Outcome, place: str) -> list[Series]:
    """One of each family of widths, against one of the fields of what was observed."""
    found = []
    for family, look in FAMILIES.items():
        mine = [start for start in outcome.observed.starts if start.family == family]
        chances = [each.chance for each in outcome.predicted.lengths if each.family == family]
        found.append(
            Series(family, look, [getattr(each, place) for each in mine], [each.steps for each in mine], chances)
        )
    return found


LAWS = {
    "double_he": "2×He,\nnormal",
    "he_normal": "He,\nnormal",
    "he_uniform": "He,\nuniform",
    "he_truncated": "He,\ntruncated",
    "glorot_normal": "Glorot,\nnormal",
    "glorot_uniform": "Glorot,\nuniform",
    "lecun_normal": "LeCun,\nnormal",
}


def _laws() -> Data:
    outcome, columns = required("start_laws"), []
    for law, title in LAWS.items():
        mine = [start for start in outcome.observed.starts if start.law == law]
        expected = [each for each in outcome.predicted.lengths if each.law == law]
        factor, chances = expected[-1].factor, [each.chance for each in expected]
        label, look = _fate(factor)
        depths, steps = [each.depth for each in mine], [each.steps for each in mine]
        columns.append((f"{title}\n×{factor:.3g}", [Series(label, look, depths, steps, chances)]))
    theorems = *WALKS, "failure_modes.length_factor", "failure_modes.mean_length", *SIGNALS
    return data_of(outcome, columns, "law and depth", theorems)


def _fate(factor: float) -> tuple[str, str]:
    """Of the mean length where each layer multiplies it by that factor, and its look."""
    if math.isclose(factor, 1):
        return "mean length kept", "second"
    return ("mean length grows", "first") if factor > 1 else ("mean length shrinks", "third")


def _residual() -> Data:
    outcome, columns = required("residual_start"), []
    rates = outcome.config.rates
    for base in dict.fromkeys(each.base for each in outcome.predicted.growths):
        chances = [each.chances for each in outcome.predicted.growths if each.base == base]
        several = []
        for at, (rate, look) in enumerate(zip(rates, LOOKS, strict=False)):
            mine = [each for each in outcome.observed.starts if (each.base, each.rate) == (base, rate)]
            depths, steps = [each.depth for each in mine], [each.steps for each in mine]
            several.append(Series(f"rate {rate:g}", look, depths, steps, [each[at] for each in chances]))
        columns.append((r"$\eta_l=1$" if base == 1 else rf"$\eta_l={base:g}^{{\,l}}$", several))
    theorems = "failure_modes.resnet_mean_length", "failure_modes.linear_module_second_moment"
    return data_of(outcome, columns, "base, depth and rate", theorems)


PICTURES = (
    Picture(
        "training_start",
        (
            "The first steps of training, for rectifier networks with He's weights and layers 10, 15 or 20 wide, or 30 in "
            "one half of the layers and 10 in the other, those in turn or one half first: against the sum of the reciprocal "
            "widths ",
            1 / n[j],
            " on the left, against the depth ",
            d,
            f" on the right. A network starts when it gets {GOAL:.0%} of the test inputs right. {READING} If the sum "
            "decides, the families lie on one curve on the left and not on the right; the titles have the share of the "
            "variance of all networks' ranks that one curve explains.",
        ),
        _start,
        partial(draw_starts, height=5.2, below=(r"$1/n_1+\cdots+1/n_d$", "depth $d$"), entries=6),
    ),
    Picture(
        "training_start_laws",
        (
            "The first steps of training, for rectifier networks as wide as they are deep, whose weights have one of seven "
            "usual laws, against the depth ",
            d,
            ". Below a law's name is the factor by which a layer multiplies the mean length. A network starts when it gets "
            f"{GOAL:.0%} of the test inputs right. {READING} Compare the laws that keep the mean length with the others, at "
            "the greatest depth. Truncated: cut at two standard deviations and not corrected for it.",
        ),
        _laws,
        partial(draw_starts, height=4.6, below=repeat("depth $d$"), entries=3, scale="log"),
    ),
    Picture(
        "training_residual_start",
        (
            "The first steps of training, for residual networks whose module ",
            l,
            r" is $z+\eta_l V\,\mathrm{relu}(U z)$ with few hidden units, at a few rates, against the number of modules. "
            f"A network starts when it gets {GOAL:.0%} of the test inputs right. {READING} Compare, at the greatest depth, "
            r"scales 1 at every rate with the best rate of scales $\eta_l=b^{\,l}$, whose sum is finite.",
        ),
        _residual,
        partial(draw_starts, height=4.6, below=repeat("modules $L$"), entries=3, scale="log"),
    ),
)
