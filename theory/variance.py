"""Variances in the linear regime of a dense network (Glorot and Bengio, 2010, section 4.2.1).

Assumptions are named at each theorem; the network is `theory.networks.dense`.
"""

from __future__ import annotations

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
    linear,
    pre_activation,
    unit_slope,
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
from theory.proof.nodes import PairSum
from theory.proof.rules import algebra, by_induction, definition
from theory.symbols import d, g, i, k, l, m, n, q, r, v
from theory.proof.domains import Integers, Lists, Reals
from theory.proof.library import theorem
from theory.proof.theorem import Chain, Parameter, Proof

WIDTHS = Parameter("widths", Lists(Integers(1), shortest=2), n)
VARIANCES = Parameter("weight_variances", Lists(Reals(0, open_low=True)), v)


@theorem("variance.activation", source="glorot2010, eq. 5", setting=dense, parameters=(WIDTHS, VARIANCES,
    Parameter("input_variance", Reals(0), sp.Symbol("q0")), Parameter("layer", Integers(0), i)))
def activation_variance(p: Proof) -> Chain:
    """Forward variance in the linear regime."""
    p.assume(INDEPENDENT_WEIGHTS, ZERO_MEAN_WEIGHTS, IDENTICAL_WEIGHTS, CENTERED_INPUT, LINEAR_REGIME)
    preactivation = sp.Sum(z[i, l] * W[i, l, k], (l, 1, n[i]))
    l2 = sp.Symbol("l'", integer=True, positive=True)
    mean = p.calc(E(z[i+1,k]), "=", E(preactivation), definition(activation) & definition(pre_activation) & definition(linear),
      "=", sp.Sum(E(z[i,l])*E(W[i,l,k]), (l,1,n[i])), linearity & independence,
      "=", 0, zero_mean)
    step = p.calc(
        q[i + 1],
        "=", Var(z[i + 1, k]), notation(q),
        "=", Var(preactivation), definition(activation) & definition(pre_activation) & definition(linear),
        "=", E(preactivation**2) - E(preactivation)**2, variance_as_moments,
        "=", sp.Sum(E(z[i,l]**2)*E(W[i,l,k]**2),(l,1,n[i])) + PairSum(E(z[i,l]*z[i,l2])*E(W[i,l,k])*E(W[i,l2,k]), l, l2, n[i]) - sp.Sum(E(z[i,l])*E(W[i,l,k]), (l,1,n[i]))**2, square_of_sum & linearity & independence,
        "=", sp.Sum(E(z[i,l]**2)*E(W[i,l,k]**2),(l,1,n[i])), zero_mean,
        "=", n[i]*v[i]*q[i], identical_law)
    q0 = sp.Symbol("q0")
    return p.calc(q[i], "=", q[0]*sp.Product(n[r]*v[r],(r,0,i-1)), by_induction(step, over=i))
