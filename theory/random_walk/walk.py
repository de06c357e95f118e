"""The walk of ln Z over depth, and the gain that keeps it unbiased.

Z = |delta_0|^2/|delta_D|^2 = prod_d g^2 z_d.  A layer's ratio has a law that does not depend on the direction of the
incoming gradient (`random_walk.ratio_transform`), so z_1, ..., z_D are independent copies: ln Z is a random walk with mean
D (2 ln g + E ln z) and variance D Var ln z.  It is unbiased for g = exp(-E ln z / 2) and for no other gain; its fluctuation
grows like the square root of the depth.  For rectifier layers everything is given that no layer is dead.

Reference: sussillo2014, sections 3 and 4.  The aim is an unbiased *logarithm*: E Z is
larger than 1 there, by Jensen's inequality.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.calculus import (
    identical_law,
    independence,
    linearity,
    square_of_sum,
    variance_as_moments,
)
from theory.probability.expectation import E, Var
from theory.probability.integrals import divide_by
from theory.probability.setting import Assumption, Family, Instance, Setting
from theory.proof.domains import Integers, Names, Reals
from theory.proof.forms import in_all_forms
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply
from theory.proof.theorem import Chain, Parameter, Proof, Theorem
from theory.random_walk.logarithm import (
    WIDTH,
    linear_log_mean,
    linear_log_variance,
    relu_log_mean,
    relu_log_variance,
)
from theory.symbols import D, d

lnz = sp.IndexedBase("L")  # L[d] = ln z_d
mu, mu2 = sp.Symbol("mu", real=True), sp.Symbol("mu_2", positive=True)  # E L and E L^2
variance = sp.Symbol("sigma2", positive=True)  # Var L = E L^2 - (E L)^2
gain = sp.Symbol("g", positive=True)
unbiased_g = sp.Symbol("g_*", positive=True)  # the gain that makes the walk unbiased

INDEPENDENT_RATIOS = Assumption(
    "independent layer ratios",
    "z_1, ..., z_D are independent with one law (a theorem for Gaussian weights: the ratio's transform does not depend "
    "on the direction: random_walk.ratio_transform)",
    lambda model: model.evaluate(E(lnz[1] * lnz[2])) == model.evaluate(E(lnz[1])) * model.evaluate(E(lnz[2])),
)

_logs = Family(
    lnz,
    span=lambda layer: (layer, layer),
    independent_entries=INDEPENDENT_RATIOS,
    identical=INDEPENDENT_RATIOS,
    first=lambda layer: mu,
    second=lambda layer: mu2,
    law_of=lambda layer: (),
)
_law = ((2, 1), (-1, 2), (4, 3))
_mean = Fraction(sum(value * weight for value, weight in _law), 6)
_square = Fraction(sum(value**2 * weight for value, weight in _law), 6)


def _walk_of(depth: int) -> Instance:
    return Instance(
        {D: depth, mu: _mean, mu2: _square, variance: _square - _mean**2, gain: Fraction(1)},
        laws={lnz: lambda layer: _law},
    )


walk = Setting("walk of the log-norm", (_logs,), instances=tuple(map(_walk_of, (1, 2, 3))))

DEPTH = Parameter("depth", Integers(1), D)
GAIN = Parameter("gain", Reals(0, open_low=True), gain)
ACTIVATION = Parameter("activation", Names(("linear", "relu")))
_MEAN: dict[str, Theorem] = {"linear": linear_log_mean, "relu": relu_log_mean}
_VARIANCE: dict[str, Theorem] = {"linear": linear_log_variance, "relu": relu_log_variance}
_path = sp.Sum(2 * sp.log(gain) + lnz[d], (d, 1, D))


abbreviate_variance = Rule("notation: the variance of ln z", lambda line, context: line.subs(mu2, variance + mu**2))


def _exponentiate(line: sp.Basic, context: Context) -> sp.Basic:
    """2 ln g + c = 0 as g = exp(-c/2)."""
    rest = sp.expand(line.lhs - 2 * sp.log(gain))
    if rest.has(gain) or line.rhs != 0:
        raise RuleDoesNotApply(f"{line} is no equation for ln {gain}")
    return sp.Eq(gain, sp.exp(-rest / 2), evaluate=False)


exponentiate = Rule("exponentiate", _exponentiate, relation="<=>")


WALK_PARAMETERS = (WIDTH, DEPTH, GAIN, ACTIVATION)


@theorem("random_walk.walk_mean", source="sussillo2014, S-01", setting=walk, parameters=WALK_PARAMETERS)
def walk_mean(p: Proof, activation: str) -> Chain:
    """E ln Z over depth layers of one gain, given that no layer is dead."""
    p.assume(INDEPENDENT_RATIOS)
    line = D * (2 * sp.log(gain) + mu)
    return p.calc(
        E(_path),
        *("=", sp.Sum(2 * sp.log(gain) + E(lnz[d]), (d, 1, D)), linearity),
        *("=", line, identical_law),
    ) + in_all_forms(p, line, mu, _MEAN[activation])


@theorem("random_walk.walk_variance", source="sussillo2014, S-10", setting=walk, parameters=WALK_PARAMETERS)
def walk_variance(p: Proof, activation: str) -> Chain:
    """Var ln Z over depth layers of one gain, given that no layer is dead; the gain does not enter."""
    p.assume(INDEPENDENT_RATIOS)
    other = sp.Symbol("d'", integer=True, positive=True)
    shift, first, second = 2 * sp.log(gain), lnz[d], lnz[other]
    squares = sp.Sum(shift**2 + 2 * shift * E(first) + E(first**2), (d, 1, D))
    pairs = PairSum(shift**2 + shift * (E(first) + E(second)) + E(first * second), d, other, D)
    line = D * (mu2 - mu**2)
    return p.calc(
        Var(_path),
        *("=", E(_path**2) - E(_path) ** 2, variance_as_moments),
        *("=", squares + pairs - sp.Sum(shift + E(first), (d, 1, D)) ** 2, square_of_sum & linearity),
        *("=", line, independence & identical_law),
        *("=", D * variance, abbreviate_variance),
    ) + in_all_forms(p, D * variance, variance, _VARIANCE[activation])


@theorem("random_walk.unbiased_gain", source="sussillo2014, S-01", setting=walk)
def unbiased_gain(p: Proof) -> Chain:
    """The walk of ln Z is unbiased at every depth if and only if g = exp(-E ln z / 2)."""
    p.let(gain, Reals(0, open_low=True))
    p.let(mu, Reals(None))
    p.let(D, Integers(1))
    points = [{D: 3, mu: 0, gain: 1}]
    return p.calc(
        sp.Eq(D * (2 * sp.log(gain) + mu), 0, evaluate=False),
        *("<=>", sp.Eq(2 * sp.log(gain) + mu, 0, evaluate=False), divide_by(D)),
        *("<=>", sp.Eq(gain, sp.exp(-mu / 2), evaluate=False), exponentiate),
        points=points,
    )
