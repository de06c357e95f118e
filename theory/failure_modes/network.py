"""The rectifier network of Hanin and Rolnick (2018): its equations, what is assumed of it, and small exact witnesses.

    act^j_k = relu(sum_l W^j_{k,l} act^{j-1}_l + b^j_k),   j = 1..d,   act^0 = x fixed,   M_j = |act^j|^2 / n_j

Two settings: one layer whose incoming activations h are fixed numbers, and the whole network.  What is proved of a layer
passes to the network by the tower property, because a layer's weights are independent of all layers below.  No
independence of activations is assumed anywhere.  Ties (a pre-activation of 0) are harmless for squares and fourth powers:
relu(s)^p + relu(-s)^p = s^p for even p, also at s = 0.
Reference: hanin2018start.  Assumptions: symmetric independent weights and biases; each theorem names what else it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.failure_modes.hypotheses import IDENTICAL, SYMMETRIC, W, act, b, bias, h, w
from theory.probability.expectation import E
from theory.probability.setting import Definition, Family, Instance, Law, Setting
from theory.symbols import (
    bias_kurtosis,
    bias_variance,
    d,
    e,
    fourth_power,
    i,
    k,
    kurtosis,
    l,
    length,
    n,
    n_in,
    n_out,
    scale,
    u,
    v,
)

weight_variance = sp.Symbol("sigma2", positive=True)  # of one layer


# --- one layer -----------------------------------------------------------------------------------------------------


def _moments(variance: sp.Expr, fourth: sp.Expr) -> Callable[..., sp.Expr]:
    """The moments up to the fourth of a symmetric law."""
    known = {1: sp.S.Zero, 2: variance, 3: sp.S.Zero, 4: fourth * variance**2}
    return lambda power, *indices: known[power]


weights = Family(
    w,
    span=lambda unit, below: (1, 1),
    independent=SYMMETRIC,
    independent_entries=SYMMETRIC,
    symmetric=SYMMETRIC,
    identical=IDENTICAL,
    moment=_moments(weight_variance, kurtosis),
    law_of=lambda unit, below: (),
)
biases = Family(
    b,
    span=lambda unit: (2, 2),
    independent=SYMMETRIC,
    independent_entries=SYMMETRIC,
    symmetric=SYMMETRIC,
    identical=IDENTICAL,
    moment=_moments(bias_variance, bias_kurtosis),
    law_of=lambda unit: (),
)
squares = sp.Sum(h[l] ** 2, (l, 1, n_in))  # n_in M_{j-1}
fourths = sp.Sum(h[l] ** 4, (l, 1, n_in))


def pre_activation(unit: sp.Expr) -> sp.Expr:
    """s_unit, the sum over the fan-in with its bias."""
    return sp.Sum(w[unit, l] * h[l], (l, 1, n_in)) + b[unit]


rectified = sp.Sum(sp.Max(pre_activation(k), 0) ** 2, (k, 1, n_out))  # n_out M_j


def moment_of(law: Law, power: int) -> Fraction:
    """E x^power of a discrete law."""
    total = sum((Fraction(weight) for _, weight in law), Fraction(0))
    return sum((Fraction(value) ** power * Fraction(weight) for value, weight in law), Fraction(0)) / total


def kurtosis_of(law: Law) -> Fraction:
    """E x^4/(E x^2)^2 of a discrete law; for a law concentrated at 0 any number will do."""
    second = moment_of(law, 2)
    return moment_of(law, 4) / second**2 if second else Fraction(3)


def signed(*values: tuple[int | Fraction, int], zero: int = 0) -> Law:
    """The symmetric law with the given weights at +value and at -value, and a weight at 0."""
    both = [(sign * Fraction(value), weight) for value, weight in values for sign in (1, -1)]
    return tuple(both + [(0, zero)] * (zero > 0))


def _one_layer(incoming: tuple[int, ...], fan_out: int, weight: Law, biased: Law) -> Instance:
    values = {
        n_in: len(incoming),
        n_out: fan_out,
        weight_variance: moment_of(weight, 2),
        kurtosis: kurtosis_of(weight),
        bias_variance: moment_of(biased, 2),
        bias_kurtosis: kurtosis_of(biased),
        length: Fraction(sum(value**2 for value in incoming), len(incoming)),
        fourth_power: Fraction(sum(value**4 for value in incoming), len(incoming) ** 2),
    }
    return Instance(
        {**values, k: 1},
        {h: lambda unit: incoming[unit - 1]},
        {w: lambda unit, below: weight, b: lambda unit: biased},
    )


NONE: Law = ((0, 1),)
# variance 2/fan-in and the kurtosis 3 of normal weights, for a fan-in of 1 and of 2
HE_NORMAL: dict[int, Law] = {1: signed((1, 27), (3, 5), zero=8), 2: signed((1, 2), (2, 1), zero=6)}

layer = Setting(
    "one rectifier layer",
    (weights, biases),
    instances=(
        _one_layer((3,), 2, signed((1, 1), (2, 1)), signed((1, 1), zero=1)),
        _one_layer((2, 1), 2, signed((1, 1)), signed((2, 1), zero=2)),
        _one_layer((2, 0, 1), 1, signed((3, 1), zero=1), signed((1, 1), (2, 3))),
    ),
)
he_layer = replace(
    layer,
    name="one rectifier layer of He's variance",
    instances=(
        _one_layer((3,), 2, HE_NORMAL[1], signed((1, 1), (2, 1))),
        _one_layer((2, 1), 2, signed((1, 1)), signed((1, 1), zero=1)),
        _one_layer((2, 3), 1, signed((2, 1), zero=6), signed((1, 1), (2, 3))),
    ),
)

unbiased_layer = replace(
    layer,
    name="one rectifier layer without biases",
    instances=(
        _one_layer((3,), 2, signed((1, 1), (2, 1)), NONE),
        _one_layer((2, 1), 2, signed((1, 1)), NONE),
    ),
)

he_layer_unbiased = replace(
    layer,
    name="one rectifier layer of He's variance without biases",
    instances=(
        _one_layer((3,), 2, HE_NORMAL[1], NONE),
        _one_layer((2, 1), 2, signed((1, 1)), NONE),
        _one_layer((2, 3), 1, signed((2, 1), zero=6), NONE),
    ),
)


# --- the network ---------------------------------------------------------------------------------------------------

# ell[j] = E M_j, Q[j] = E M_j^2, P[j, e] = E[M_j M_{j+e}]
ell, Q, P = (sp.IndexedBase(name, positive=True) for name in ("ell", "Q", "P"))


def total(below: sp.Expr) -> sp.Expr:
    """|act|^2 of a layer."""
    return sp.Sum(act[below, k] ** 2, (k, 1, n[below]))


activation = Definition(
    "the activation, act = relu(W act + b)",
    act[i, k],
    sp.Max(sp.Sum(W[i, k, l] * act[i - 1, l], (l, 1, n[i - 1])) + bias[i, k], 0),
    (i, k),
    sp.Gt(i, 0),
)
_input = Definition("the input", act[0, k], h[k], (k,))

network_families = (
    Family(
        W,
        span=lambda layer, unit, below: (layer, layer),
        independent=SYMMETRIC,
        independent_entries=SYMMETRIC,
        symmetric=SYMMETRIC,
        identical=IDENTICAL,
        law_of=lambda layer, unit, below: (layer,),
    ),
    Family(
        bias,
        span=lambda layer, unit: (layer, layer),
        independent=SYMMETRIC,
        independent_entries=SYMMETRIC,
        symmetric=SYMMETRIC,
        identical=IDENTICAL,
        law_of=lambda layer, unit: (layer,),
    ),
    Family(act, span=lambda layer, unit: (-sp.oo, layer), law_of=lambda layer, unit: (layer,)),
)


def _of(widths: tuple[int, ...], laws: tuple[Law, ...], biased: Law = NONE, **values: Any) -> Instance:
    """A network with input 3, 1, ... and one law of weights for each layer."""
    known = {d: len(widths) - 1, i: len(widths) - 2, e: 0, kurtosis: kurtosis_of(laws[0])}
    return Instance(
        {**known, bias_variance: moment_of(biased, 2), bias_kurtosis: kurtosis_of(biased), **values.get("at", {})},
        {n: widths.__getitem__, h: lambda unit: (3, 1, 2)[unit - 1]},
        {W: lambda layer, unit, below: laws[layer - 1], bias: lambda layer, unit: biased},
    )


def _normal(*widths: int) -> Instance:
    return _of(widths, tuple(HE_NORMAL[fan_in] for fan_in in widths[:-1]))


def _at(instance: Instance, values: dict[sp.Basic, int]) -> Instance:
    return replace(instance, values={**instance.values, **values})


_notations: Mapping[sp.IndexedBase, Callable[..., sp.Expr]] = {
    v: lambda layer: E(W[layer, 1, 1] ** 2),
    u: lambda layer: E(bias[layer, 1] ** 2),
    ell: lambda layer: E(total(layer)) / n[layer],
    Q: lambda layer: E(total(layer) ** 2) / n[layer] ** 2,
    P: lambda layer, later: E(total(layer) * total(layer + later)) / (n[layer] * n[layer + later]),
}
network = Setting("rectifier network", network_families, (activation, _input), _notations)
he_network = replace(
    network,
    name="rectifier network of He's variance",
    instances=(_normal(1, 1, 1), _normal(1, 2, 1), _normal(2, 1, 1), _at(_normal(1, 1, 1, 1), {i: 1, e: 1})),
)
_two = signed((1, 1))
any_he_network = replace(
    he_network,
    name="rectifier network of He's variance and any kurtosis",
    instances=(
        _of((2, 2, 2), (_two, _two)),
        _of((2, 2, 1), (signed((2, 1), zero=6), signed((2, 1), zero=6))),
        _of((1, 1, 1), (signed((2, 1), zero=2), signed((2, 1), zero=2))),
        _normal(1, 2, 1),
    ),
)
scaled_network = replace(
    network,
    name="rectifier network of scaled weights",
    instances=(
        _of((1, 2, 1), (signed((2, 1)), signed((2, 1), zero=2)), signed((1, 1)), at={scale: Fraction(2)}),
        _of((2, 1, 1), (signed((2, 1)), signed((4, 1), zero=2)), signed((1, 1), zero=1), at={scale: Fraction(4)}),
        _of((1, 1, 1, 1), (signed((1, 1)),) * 3, signed((2, 1), zero=1), at={scale: Fraction(1, 2)}),
    ),
)
