"""Second moments of the lengths: how the length of one layer fluctuates given the layer below, and over depth.

Rows of the weights are independent given the layer below, and the rectifier keeps half of E s^2 and of E s^4, so for
every symmetric law, with t = E[s^2 | layer below] = 2 M_{j-1} + E b^2 and He's variance,

    E[M_j^2 | layer j-1] = (1 + 5/n_j) t^2/4 + (4 (kappa - 3) |act|_4^4/n_{j-1}^2 + (kappa_b - 3)(E b^2)^2)/(2 n_j).

For normal weights (only their kurtosis 3 is used) and no biases this is (1 + 5/n_j) M_{j-1}^2, whatever the layer below.
Reference: hanin2018start, theorem 5; hanin2018which.  Assumptions: symmetric independent weights and biases.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.failure_modes.hypotheses import HE, IDENTICAL, NO_BIASES, NORMAL_KURTOSIS, SYMMETRIC
from theory.failure_modes.lengths import DEPTH, WIDTHS, pre_activation_square
from theory.failure_modes.network import (
    Q,
    activation,
    fourths,
    he_layer,
    he_network,
    layer,
    pre_activation,
    rectified,
    squares,
    total,
    weight_variance,
)
from theory.failure_modes.rules import (
    abbreviate,
    equal_terms,
    even_power,
    half_of_it,
    he_layer_variance,
    he_variance,
    moments_of_the_law,
    no_biases,
    normal_kurtosis,
    over_layers,
    tower,
)
from theory.probability.calculus import independence, linearity, notation, square_of_sum
from theory.probability.expectation import E
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import algebra, backwards, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import (
    bias_kurtosis,
    bias_variance,
    d,
    fourth_power,
    i,
    k,
    kurtosis,
    l,
    length,
    n,
    n_in,
    n_out,
    r,
)

_other = sp.Symbol("k'", integer=True, positive=True)

# --- one layer -----------------------------------------------------------------------------------------------------

_squared = weight_variance * squares + bias_variance  # E s^2
_excess = (kurtosis - 3) * weight_variance**2 * fourths + (bias_kurtosis - 3) * bias_variance**2


@theorem("failure_modes.pre_activation_fourth", source="hanin2018which", setting=layer)
def pre_activation_fourth(p: Proof) -> Chain:
    """The fourth moment of a pre-activation, given the layer below: 3 (E s^2)^2 and what the kurtoses add."""
    p.assume(SYMMETRIC, IDENTICAL)
    s = pre_activation(k)
    (fan_in,) = (term for term in s.args if isinstance(term, sp.Sum))
    term, (index, _, upper) = fan_in.function, fan_in.limits[0]
    other = sp.Symbol(f"{index}'", integer=True, positive=True)
    pairs = PairSum(E(term**2) * E(term.xreplace({index: other}) ** 2), index, other, upper)
    square, rest = sp.Sum(E(term**2), (index, 1, upper)), s - fan_in
    fourth = weight_variance**2 * (kurtosis * fourths + 3 * (squares**2 - fourths))
    return p.calc(
        E(s**4),
        *("=", sp.Sum(E(term**4), (index, 1, upper)) + 3 * pairs + 6 * E(rest**2) * square + E(rest**4), even_power),
        *(
            "=",
            weight_variance**2 * (kurtosis * fourths + 3 * _distinct_squares)
            + 6 * bias_variance * weight_variance * squares
            + bias_kurtosis * bias_variance**2,
            linearity & moments_of_the_law,
        ),
        *(
            "=",
            fourth + 6 * bias_variance * weight_variance * squares + bias_kurtosis * bias_variance**2,
            backwards(square_of_sum),
        ),
        *("=", 3 * _squared**2 + _excess, algebra),
    )


_l = sp.Symbol("l'", integer=True, positive=True)
_distinct_squares = PairSum(squares.function * squares.function.xreplace({l: _l}), l, _l, n_in)


@theorem("failure_modes.squared_length_step", source="hanin2018which", setting=layer)
def squared_length_step(p: Proof) -> Chain:
    """The mean squared length of a layer given the layer below, weights of any variance."""
    p.assume(SYMMETRIC, IDENTICAL)
    s, t = pre_activation(k), pre_activation(_other)

    def over_units(fourth: sp.Expr, pair: sp.Expr) -> sp.Expr:
        return (sp.Sum(fourth, (k, 1, n_out)) + PairSum(pair, k, _other, n_out)) / n_out**2

    means = [E(sp.Max(each, 0) ** 2) for each in (s, t)]
    moments = by_theorem(pre_activation_fourth) & by_theorem(pre_activation_square)
    moments &= by_theorem(pre_activation_square, at={k: _other})
    value = (1 + 5 / n_out) * _squared**2 / 4 + _excess / (2 * n_out)
    return p.calc(
        E(rectified**2) / n_out**2,
        *(
            "=",
            over_units(E(sp.Max(s, 0) ** 4), E(sp.Max(s, 0) ** 2 * sp.Max(t, 0) ** 2)),
            square_of_sum & linearity,
        ),
        *("=", over_units(E(sp.Max(s, 0) ** 4), means[0] * means[1]), independence),
        *("=", over_units(E(s**4) / 2, E(s**2) * E(t**2) / 4), half_of_it),
        *("=", value, moments & equal_terms),
    )


# --- as a function of the parameters -------------------------------------------------------------------------------

SLACK = Fraction(1, 10**9)  # sums of up to a million float64 squares err by less than 10^6 2^-53, and twice for ratios


def _possible(values: Mapping[str, Any]) -> str | None:
    """A complaint about numbers that belong to no layer: |h|^4/n <= |h|_4^4 <= |h|^4."""
    square, fourth = values["length"] ** 2, values["fourth_power"]
    if square * (1 - SLACK) <= fourth * values["width_in"] and fourth <= square * (1 + SLACK):
        return None
    return (
        "fourth_power must lie between length^2/width_in and length^2, as for every layer of activations; "
        f"for these parameters that is between {square / values['width_in']} and {square}, not {fourth}"
    )


@theorem(
    "failure_modes.second_moment_step",
    source="hanin2018start, theorem 5; hanin2018which",
    setting=he_layer,
    parameters=(
        *(Parameter("width_in", Integers(1), n_in), Parameter("width_out", Integers(1), n_out)),
        *(Parameter("kurtosis", Reals(1), kurtosis), Parameter("length", Reals(0), length)),
        *(Parameter("bias_variance", Reals(0), bias_variance), Parameter("bias_kurtosis", Reals(1), bias_kurtosis)),
        Parameter("fourth_power", Reals(0), fourth_power),
    ),
    constraint=_possible,
)
def second_moment_step(p: Proof) -> Chain:
    """E[M_j^2] given the layer below: length is M_{j-1}, fourth_power is |act|_4^4/n_{j-1}^2; He's variance."""
    p.assume(SYMMETRIC, IDENTICAL, HE)
    second = 2 * length + bias_variance
    excess = 4 * (kurtosis - 3) * fourth_power + (bias_kurtosis - 3) * bias_variance**2
    value = (1 + 5 / n_out) * _squared**2 / 4 + _excess / (2 * n_out)
    at_he = value.subs(weight_variance, 2 / n_in)
    return p.calc(
        E(rectified**2) / n_out**2,
        *("=", value, by_theorem(squared_length_step)),
        *("=", at_he, he_layer_variance),
        *("=", (1 + 5 / n_out) * second**2 / 4 + excess / (2 * n_out), abbreviate),
    )


# --- over the network ----------------------------------------------------------------------------------------------


def mean_square(at: sp.Expr | int) -> sp.Expr:
    """E M^2 of a layer."""
    return E(total(at) ** 2) / n[at] ** 2


MARTINGALE = (SYMMETRIC, IDENTICAL, HE, NO_BIASES)
NORMAL = (*MARTINGALE, NORMAL_KURTOSIS)


@theorem("failure_modes.normal_step", source="hanin2018start, theorem 5", setting=he_network)
def normal_step(p: Proof) -> Chain:
    """With normal weights of He's variance and no biases, layer i+1 multiplies E M^2 by 1 + 5/n_{i+1}."""
    p.assume(*NORMAL)
    above = activation.body.subs(i, i + 1)
    factor = 1 + 5 / n[i + 1]
    given = tower(squared_length_step, i) & he_variance & no_biases & normal_kurtosis
    return p.calc(
        Q[i + 1],
        *("=", E(total(i + 1) ** 2) / n[i + 1] ** 2, notation(Q)),
        *("=", E(sp.Sum(above**2, (k, 1, n[i + 1])) ** 2) / n[i + 1] ** 2, definition(activation)),
        *("=", factor * E(total(i) ** 2) / n[i] ** 2, given & linearity),
        *("=", factor * Q[i], backwards(notation(Q))),
    )


@theorem(
    "failure_modes.second_moment",
    source="hanin2018start, theorem 5",
    setting=he_network,
    parameters=(WIDTHS,),
    implied=DEPTH,
)
def second_moment(p: Proof) -> Chain:
    """E M_d^2 over M_0^2 for normal weights of He's variance: a product over the layers that knows no order."""
    p.assume(*NORMAL)
    growth = sp.Product(1 + 5 / n[r], (r, 1, d))
    return p.calc(
        mean_square(d) / mean_square(0),
        *("=", Q[d] / Q[0], backwards(notation(Q))),
        *("=", growth, over_layers(normal_step, i, d)),
    )
