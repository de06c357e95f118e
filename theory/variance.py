"""Variances at initialisation in the linear regime of a dense network.

Reference: glorot2010, section 4.2.1.  The network and its hypotheses are in `theory.networks`; each theorem names the ones
it uses.  Layers are counted as in the paper: W^i is n_i by n_{i+1}, i = 0..d, and s^d has n_{d+1} units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.networks import (
    CENTERED_GRADIENT,
    CENTERED_INPUT,
    IDENTICAL_WEIGHTS,
    INDEPENDENT_WEIGHTS,
    LINEAR_REGIME,
    ZERO_MEAN_WEIGHTS,
    W,
    activation,
    backpropagation,
    delta,
    dense,
    gradient,
    linear,
    pre_activation,
    unit_slope,
    weight_gradient,
    z,
)
from theory.probability.calculus import (
    identical_law,
    independence,
    linearity,
    notation,
    square_of_sum,
    variance_as_moments,
    zero_mean,
)
from theory.probability.expectation import E, Var
from theory.proof.domains import Integers, Lists, Reals
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import backwards, by_induction, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import d, g, i, k, l, m, n, q, r, v

_other = {index: sp.Symbol(f"{index}'", integer=True, positive=True) for index in (l, m)}

WIDTHS = Parameter("widths", Lists(Integers(1), shortest=2), n)
VARIANCES = Parameter("weight_variances", Lists(Reals(0, open_low=True)), v)
LAYER = Parameter("layer", Integers(0), i)


def _layers(last: int) -> Any:
    """The constraint that lists match and the layer exists; `last` is how far the layer may pass the last weights."""

    def complaint(values: Mapping[str, Any]) -> str | None:
        weights = len(values["widths"]) - 1
        if len(values["weight_variances"]) != weights:
            return f"weight_variances must have one entry for each pair of neighbouring widths ({weights}), " + (
                f"not {len(values['weight_variances'])}"
            )
        if values["layer"] > weights - 1 + last:
            return f"layer must be an integer from 0 to {weights - 1 + last} for these widths, not {values['layer']}"
        return None

    return complaint


def depth_of(values: Mapping[str, Any]) -> int:
    """The index of the last layer of weights."""
    return len(values["widths"]) - 2


FORWARD = (INDEPENDENT_WEIGHTS, ZERO_MEAN_WEIGHTS, IDENTICAL_WEIGHTS, CENTERED_INPUT, LINEAR_REGIME)
BACKWARD = (INDEPENDENT_WEIGHTS, ZERO_MEAN_WEIGHTS, IDENTICAL_WEIGHTS, CENTERED_GRADIENT, LINEAR_REGIME)


@theorem("variance.forward_step", source="glorot2010, section 4.2.1", setting=dense)
def forward_step(p: Proof) -> Chain:
    """One layer multiplies the variance of an activation by n_i Var W^i."""
    p.assume(*FORWARD)
    s_ik = sp.Sum(z[i, l] * W[i, l, k], (l, 1, n[i]))
    layer = definition(activation) & definition(pre_activation) & definition(linear)
    means = sp.Sum(E(z[i, l]) * E(W[i, l, k]), (l, 1, n[i]))
    squares = sp.Sum(E(z[i, l] ** 2) * E(W[i, l, k] ** 2), (l, 1, n[i]))
    o = _other[l]
    pairs = PairSum(E(z[i, l] * z[i, o]) * E(W[i, l, k]) * E(W[i, o, k]), l, o, n[i])
    p.calc(E(z[i + 1, k]), "=", E(s_ik), layer, "=", means, linearity & independence, "=", 0, zero_mean)
    return p.calc(
        q[i + 1],
        *("=", Var(z[i + 1, k]), notation(q)),
        *("=", Var(s_ik), layer),
        *("=", E(s_ik**2) - E(s_ik) ** 2, variance_as_moments),
        *("=", squares + pairs - means**2, square_of_sum & linearity & independence),
        *("=", squares, zero_mean),
        *("=", n[i] * v[i] * q[i], identical_law),
    )


@theorem(
    "variance.activation",
    source="glorot2010, eq. 5",
    setting=dense,
    parameters=(WIDTHS, VARIANCES, Parameter("input_variance", Reals(0), q[0]), LAYER),
    constraint=_layers(last=1),
)
def activation_variance(p: Proof) -> Chain:
    """Forward variance in the linear regime: each layer multiplies it by n_i Var W^i."""
    p.assume(*FORWARD)
    product = q[0] * sp.Product(n[r] * v[r], (r, 0, i - 1))
    return p.calc(Var(z[i, k]), "=", q[i], backwards(notation(q)), "=", product, by_induction(forward_step, over=i))


@theorem("variance.backward_step", source="glorot2010, eq. 2 and section 4.2.1", setting=dense)
def backward_step(p: Proof) -> Chain:
    """One layer multiplies the variance of the back-propagated gradient by n_{i+2} Var W^{i+1}."""
    p.assume(*BACKWARD)
    sum_m = sp.Sum(W[i + 1, k, m] * delta[i + 1, m], (m, 1, n[i + 2]))
    layer = definition(backpropagation) & definition(unit_slope)
    means = sp.Sum(E(W[i + 1, k, m]) * E(delta[i + 1, m]), (m, 1, n[i + 2]))
    squares = sp.Sum(E(W[i + 1, k, m] ** 2) * E(delta[i + 1, m] ** 2), (m, 1, n[i + 2]))
    o = _other[m]
    pairs = PairSum(E(W[i + 1, k, m]) * E(W[i + 1, k, o]) * E(delta[i + 1, m] * delta[i + 1, o]), m, o, n[i + 2])
    p.calc(E(delta[i, k]), "=", E(sum_m), layer, "=", means, linearity & independence, "=", 0, zero_mean)
    return p.calc(
        g[i],
        *("=", Var(delta[i, k]), notation(g)),
        *("=", Var(sum_m), layer),
        *("=", E(sum_m**2) - E(sum_m) ** 2, variance_as_moments),
        *("=", squares + pairs - means**2, square_of_sum & linearity & independence),
        *("=", squares, zero_mean),
        *("=", n[i + 2] * v[i + 1] * g[i + 1], identical_law),
    )


@theorem(
    "variance.backpropagated",
    source="glorot2010, eq. 6",
    setting=dense,
    parameters=(WIDTHS, VARIANCES, Parameter("output_gradient_variance", Reals(0), g[d]), LAYER),
    constraint=_layers(last=0),
    implied={d: depth_of},
)
def backpropagated_variance(p: Proof) -> Chain:
    """Backward variance in the linear regime: the weights met between layer i and the output are W^{i+1}..W^d."""
    p.assume(*BACKWARD)
    product = g[d] * sp.Product(n[r + 1] * v[r], (r, i + 1, d))
    return p.calc(
        Var(delta[i, k]),
        *("=", g[i], backwards(notation(g))),
        *("=", product, by_induction(backward_step, over=i, last=d)),
    )


@theorem(
    "variance.weight_gradient",
    source="glorot2010, eqs 3 and 7",
    setting=dense,
    parameters=(
        *(WIDTHS, VARIANCES, Parameter("input_variance", Reals(0), q[0])),
        *(Parameter("output_gradient_variance", Reals(0), g[d]), LAYER),
    ),
    constraint=_layers(last=0),
    implied={d: depth_of},
)
def weight_gradient_variance(p: Proof) -> Chain:
    """Variance of one entry of dC/dW^i in the linear regime: forward times backward variance."""
    p.assume(*FORWARD, CENTERED_GRADIENT)
    forward = q[0] * sp.Product(n[r] * v[r], (r, 0, i - 1))
    backward = g[d] * sp.Product(n[r + 1] * v[r], (r, i + 1, d))
    entry, square = z[i, l] * delta[i, k], E(z[i, l] ** 2) * E(delta[i, k] ** 2)
    return p.calc(
        Var(gradient[i, l, k]),
        *("=", Var(entry), definition(weight_gradient)),
        *("=", E(entry**2) - E(entry) ** 2, variance_as_moments),
        *("=", square - (E(z[i, l]) * E(delta[i, k])) ** 2, independence),
        *("=", square, zero_mean),
        *("=", q[i] * g[i], identical_law),
        *("=", forward * backward, by_theorem(activation_variance) & by_theorem(backpropagated_variance)),
    )
