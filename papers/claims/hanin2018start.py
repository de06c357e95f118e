"""Claims of Hanin and Rolnick (2018)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from papers.claims.claim import NOTHING, Claim
from papers.claims.experiments import beside, experiment
from papers.claims.fluctuations import (
    best_for_neurons,
    best_for_parameters,
    between_bounds,
    linear_variance,
    lower_constant,
    order_of_moment,
    rectifier_variance,
    width_exponent,
)
from papers.claims.formulas import formula
from papers.claims.mean_lengths import (
    critical_scale,
    figure,
    geometric_scales,
    linear_module_growth,
    rectifier_modules,
)
from papers.claims.normalised_batches import fixed_input
from papers.claims.properties import proposition
from papers.claims.together import every, together
from theory.failure_modes.convolutions import c, channels, kernel, p_, positions, y
from theory.failure_modes.linear_modules import eta
from theory.failure_modes.network import ell
from theory.symbols import bias_variance, d, j, n, r, scale

PAPER = "hanin2018start"
_scales = sp.exp(sp.Sum(eta[r], (r, 0, d - 1)))
_entering = sp.Sum(y[c, p_] ** 2, (p_, 1, positions), (c, 1, channels)) / (positions * channels)


_IMAGE = ((), (0, 1, 2, 3), (0, 5, 7, 11))  # two channels, three positions, counted from 1


def _at_he(length: sp.Basic) -> sp.Basic:
    """He's variance and no biases."""
    return length.subs({scale: 1, bias_variance: 0})


def _on_constant_input(length: sp.Basic) -> sp.Basic:
    """The length that a kernel of size 3 leaves of an input that is 1 everywhere."""
    ones = length.replace(lambda part: isinstance(part, sp.Indexed) and part.base == y, lambda part: sp.S.One)
    return sp.expand(sp.simplify(ones.doit().subs(kernel, 3)))


def _linear_modules(printed: sp.Basic) -> Any:
    """Where the modules have mean 0, the product over them is exact at every width; with what it is for eta_l = 1/l."""
    harmonic = {eta: tuple(sp.Rational(1, layer) for layer in range(1, 5)), d: 4}
    found = formula("failure_modes.resnet_mean_length", "linear", at=(harmonic,))(printed)
    return replace(found, evidence=linear_module_growth())


CLAIMS: tuple[Claim, ...] = (
    Claim(
        *("H-01", PAPER, "recollected"),
        "Weights of variance 2/fan-in keep the mean length of a rectifier network, larger ones make it grow and smaller "
        "ones decay exponentially with depth.",
        together(formula("failure_modes.mean_length", in_print=_at_he), proposition(critical_scale)),
        sp.Tuple(ell[0], sp.S.One),
        "Biases add to it: with He's variance it grows linearly, by half a bias's variance a layer.",
    ),
    Claim(
        *("H-02", PAPER, "recollected"),
        "The mean length of a residual network is exponential in the sum of the modules' scales, and bounded only if "
        "that sum is finite.",
        every(proposition(rectifier_modules), _linear_modules),
        _scales,
        "Its right sum depends on the last layer of a module: sum eta where that is a rectifier, whose outputs have a "
        "common sign, sum eta^2 where it is linear and the outputs have mean 0.",
    ),
    Claim(
        *("H-03", PAPER, "recollected"),
        "The mean variance of the lengths over the layers of one network is exponential in the sum of the reciprocal "
        "widths.",
        proposition(between_bounds),
    ),
    Claim(
        *("H-04", PAPER, "text"),
        "Residual networks that avoid the first failure mode never have the second.",
        every(proposition(rectifier_variance), proposition(linear_variance)),
        note="Proved for modules of one rectifier layer and of a hidden rectifier layer with a linear one above.",
    ),
    Claim(
        *("H-05", PAPER, "text"),
        "For a constant width the width has to grow about linearly with the depth to avoid the second failure mode.",
        proposition(width_exponent),
        sp.S.One,
        "The printed number is the power of the depth.",
    ),
    Claim(
        *("H-06", PAPER, "recollected"),
        "The second moment of the last length lies between exponentials of the sum of the reciprocal widths, the lower "
        "one with the constant 1/2, the upper one with constants from the fourth moments.",
        proposition(lower_constant),
        sp.S.Half,
        "The printed number is the constant of the lower bound; that of the upper one is not known to us.",
    ),
    Claim(
        *("H-07", PAPER, "recollected"),
        "Equal widths have the least sum of reciprocal widths for a given number of neurons, or about of parameters.",
        together(proposition(best_for_neurons), proposition(best_for_parameters)),
        sp.Tuple(d**2 / sp.Sum(n[j], (j, 1, d)), NOTHING),
    ),
    Claim(
        *("H-08", PAPER, "recollected"),
        "The order of the layers does not matter for the second failure mode.",
        together(proposition(order_of_moment), formula("failure_modes.layer_order", at=({n: (4, 2, 5)},))),
        sp.Tuple(sp.S.Zero, sp.S.Zero),
        "The printed numbers are the changes of the second moment and of the variance over the layers when two layers "
        "change places.",
    ),
    Claim(
        *("H-09", PAPER, "text"),
        "Glorot's, LeCun's, truncated He and twice He's initialisation lose or gain length exponentially, He's normal and "
        "uniform ones do not; a figure shows powers of ten for 100 convolutions.",
        beside(proposition(figure), "convolution_lengths", "H-09"),
        sp.Tuple(36, 5, sp.Rational(-11, 2), -26, -37),
        "Powers of ten are taken relative to He's, which is the input's length; padding changes all of them alike.",
    ),
    Claim(
        *("H-10", PAPER, "recollected"),
        "Convolutions keep the mean length like dense layers whose fan-in is features times kernel size.",
        together(
            formula("failure_modes.circular_convolution", at=({y: _IMAGE, channels: 2, positions: 3},)),
            formula(
                "failure_modes.zero_padded_convolution",
                in_print=_on_constant_input,
                at=tuple({positions: size} for size in (4, 32)),
            ),
        ),
        sp.Tuple(_entering, sp.S.One),
        "First with circular padding, for every input; then with zero padding and kernel size 3 in one dimension, for an "
        "input that is 1 everywhere.",
    ),
    Claim(
        *("H-11", PAPER, "recollected"),
        "Training starts only where both failure modes are avoided, and the epochs to start depend on the widths through "
        "the sum of their reciprocals.",
        every(
            experiment(
                "start",
                "H-11",
                "train dense rectifier networks of several widths patterns on vectorised MNIST by SGD and compare the steps "
                "to 20 % test accuracy with the sum of the reciprocal widths",
                about=("steps to start", "at one depth", "at one sum"),
            ),
            experiment(
                "start_laws",
                "H-11",
                "train dense rectifier networks with the usual laws of weights and compare which of them start",
                about=("steps where", "40 deep: networks", "100 deep: networks"),  # the deepest of sizes m and full
            ),
        ),
    ),
    Claim(
        *("H-12", PAPER, "recollected"),
        "Deep residual networks with scales 1 do not start to train, those with scales b^l do, for b = 0.9, 0.75 and 0.5.",
        lambda printed: experiment(
            "residual_start",
            "H-12",
            "train residual networks of increasing depth with scales 1 and b^l, modules of one hidden layer of width 5, and "
            "compare which of them start; the lengths that the theory has for them are under evidence",
            about=("modules: networks that",),
            evidence=geometric_scales(),
        )(printed),
    ),
    Claim(
        *("H-13", PAPER, "recollected"),
        "Batch normalisation does not remove the first failure mode, since it averages over inputs and not over "
        "initialisations.",
        proposition(fixed_input),
        note="With running statistics, which start as mean 0 and variance 1, the layer is the identity and the length is "
        "what it is without; what happens to gradients is another question.",
    ),
)
