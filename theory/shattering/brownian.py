"""The derivative of a wide network with one hidden layer is Brownian in the share of active units: covariance min(s, t).

    f(x) = sum_i w_i max(v_i x - b_i, 0),      f'(x) = sum_i w_i v_i [v_i x > b_i] = sum_i xi_i A_i(x),

N hidden units with slopes xi_i = w_i v_i that are independent with mean 0 and variance 1/N.  Where the units switch on one
after another, those active at one input are among those active at any later one, and with shares s and t of active units

    E f'(x) f'(y) = sum_i A_i(x) A_i(y)/N = min(s, t)

exactly, at every width: the covariance of Brownian motion.  That the whole process converges to it as N grows is Donsker's
theorem (donsker1951), which is not needed for the covariance.
Reference: balduzzi2017, proposition A1.
Assumptions: slopes as above, independent of which units are active; nested patterns.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.domains import Reals
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, definition
from theory.proof.theorem import Chain, Parameter, Proof
from theory.shattering.rules import multiply_out
from theory.symbols import N

xi, A, slope = sp.IndexedBase("xi"), sp.IndexedBase("A"), sp.IndexedBase("f'")
s, t = sp.symbols("s t", nonnegative=True)  # the shares of active units
c = sp.Symbol("c", integer=True, positive=True)  # an input
o = sp.Symbol("i'", integer=True, positive=True)

_unit = sp.Symbol("i", integer=True, positive=True)
_overlap = sp.Sum(A[1, _unit] * A[2, _unit], (_unit, 1, N))

SLOPES = Assumption(
    "independent slopes",
    "the slopes w_i v_i are independent with mean 0 and variance 1/N, whichever units are active",
    lambda model: model.evaluate(N * E(xi[1] ** 2)) == 1 and model.evaluate(E(xi[1])) == 0,
)
NESTED = Assumption(
    "nested patterns",
    "shares s and t of the units are active at two inputs, the fewer being among the more",
    lambda model: model.evaluate(_overlap) == model.evaluate(N * sp.Min(s, t)),
)
_derivative = Definition(
    "the derivative of the network", slope[c], sp.Sum(xi[_unit] * A[c, _unit], (_unit, 1, N)), (c,)
)
_slopes = Family(
    xi,
    span=lambda unit: (0, 0),
    independent_entries=SLOPES,
    mean_zero=SLOPES,
    identical=SLOPES,
    second=lambda unit: 1 / N,
    law_of=lambda unit: (),
)


def _instance(width: int, first: int, second: int) -> Instance:
    """Weights of one size: units 1..first are active at one input, units 1..second at the other."""
    size = Fraction(1, {1: 1, 4: 2}[width])
    return Instance(
        {N: width, s: Fraction(first, width), t: Fraction(second, width)},
        {A: lambda at, unit: int(unit <= (first, second)[at - 1])},
        {xi: lambda unit: ((size, 1), (-size, 1))},
    )


hidden_layer = Setting(
    "one hidden layer",
    (_slopes, Family(slope, span=lambda at: (0, 0))),
    (_derivative,),
    instances=tuple(_instance(*at) for at in ((1, 1, 1), (4, 1, 3), (4, 4, 2), (4, 0, 2))),
)


def _nested(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({_overlap: N * sp.Min(s, t)}) if context.grants(NESTED) else line


nested = Rule("count the units active at both inputs", _nested)


@theorem(
    "shattering.brownian_covariance",
    source="balduzzi2017, proposition A1; donsker1951",
    setting=hidden_layer,
    parameters=(Parameter("s", Reals(0, 1), s), Parameter("t", Reals(0, 1), t)),
)
def brownian_covariance(p: Proof) -> Chain:
    """The covariance of a network's derivative at two inputs with shares s and t of active units."""
    p.assume(SLOPES, NESTED)
    first, second = (sp.Sum(xi[_unit] * A[at, _unit], (_unit, 1, N)) for at in (1, 2))
    equal = sp.Sum(A[1, _unit] * A[2, _unit] * E(xi[_unit] ** 2), (_unit, 1, N))
    pairs = PairSum(A[1, _unit] * A[2, o] * E(xi[_unit]) * E(xi[o]), _unit, o, N)
    return p.calc(
        E(slope[1] * slope[2]),
        *("=", E(first * second), definition(_derivative)),
        *("=", equal + pairs, multiply_out & linearity & independence),
        *("=", _overlap / N, zero_mean & identical_law),
        *("=", sp.Min(s, t), nested),
    )
