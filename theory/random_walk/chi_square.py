"""The chi-square law: density, distribution function and negative powers.

S_k = X_1^2 + ... + X_k^2 for independent standard normal X_i.  The density of ln S_k is found by its Laplace
transform, which must be (1 + 2s)^(-k/2); the other facts are integrals against it:

    P(S_k < r) = gamma(k/2, r/2)/Gamma(k/2),    E S_k^-s = Gamma(k/2 - s)/(2^s Gamma(k/2)) for s < 1/2.

Reference: johnson1994; feller1971, XIII (a law is determined by its transform).
Assumptions: independent standard normal variables.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.expectation import E, step
from theory.probability.facts import STANDARD_NORMAL, chi_square_transform, gaussian, known_integral, x, y
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import i, k, s

rho = sp.Symbol("rho", positive=True)  # a value of a chi-square variable

UNITS = Parameter("k", Integers(1), k)
POWER = Parameter("s", Reals(0, Fraction(1, 2), open_low=True, open_high=True), s)
squares = sp.Sum(x[i] ** 2, (i, 1, k))

# the density of ln S_k at y: for y < 0 at most exp(-|y|/2) times the constant, for y > 0 at most exp(-y/2) times the
# largest value of exp((k + 1) y/2 - exp(y)/2)
_constant = 1 / (2 ** (k / 2) * sp.gamma(k / 2))
log_density = _constant * sp.exp(k * y / 2 - sp.exp(y) / 2)
SCALE = _constant * (1 + ((k + 1) / sp.E) ** ((k + 1) / 2))
RATE = sp.Rational(1, 2)


def _against_density(factor: sp.Expr, upper: sp.Expr = sp.oo, rate: sp.Expr = RATE) -> DominatedIntegral:
    """E[factor(ln S_k); ln S_k <= upper], where |factor(y)| <= exp((1/2 - rate)|y|) for y < 0, <= 1 for y > 0."""
    return DominatedIntegral(factor * log_density, (y, -sp.oo, upper), SCALE, rate)


@theorem(
    "probability.chi_square_density",
    source="johnson1994",
    setting=gaussian,
    parameters=(UNITS, Parameter("s", Reals(0, open_low=True), s)),
)
def chi_square_density(p: Proof) -> Chain:
    """The density of the logarithm of a chi-square variable, by its Laplace transform."""
    p.assume(STANDARD_NORMAL)
    return p.calc(
        E(sp.exp(-s * squares)),
        *("=", (1 + 2 * s) ** (-k / 2), by_theorem(chi_square_transform)),
        *("=", _against_density(sp.exp(-s * sp.exp(y))), known_integral("Euler's integral")),
    )


_below = _against_density(sp.S.One, sp.log(rho))
_power = _against_density(sp.exp(-s * y), rate=RATE - s)


def _by_density(line: sp.Basic, context: Context) -> sp.Basic:
    """The probability of S_k < r and the mean of S_k^-s as integrals against the density of ln S_k."""
    if not context.grants(STANDARD_NORMAL):
        raise RuleDoesNotApply("no standard normal variables are assumed")
    return line.xreplace({E(step(rho - squares)): _below, E(squares**-s): _power})


by_density = Rule("equal transforms, equal laws", _by_density, uses=(chi_square_density.name,), appeal=True)


@theorem(
    "probability.chi_square_cdf",
    source="johnson1994",
    setting=gaussian,
    parameters=(UNITS, Parameter("level", Reals(0, open_low=True), rho)),
)
def chi_square_cdf(p: Proof) -> Chain:
    """The distribution function of a chi-square variable with k degrees of freedom."""
    p.assume(STANDARD_NORMAL)
    return p.calc(
        E(step(rho - squares)),
        *("=", _below, by_density),
        *("=", sp.lowergamma(k / 2, rho / 2) / sp.gamma(k / 2), known_integral("the incomplete gamma integral")),
    )


@theorem("probability.chi_square_power", source="johnson1994", setting=gaussian, parameters=(UNITS, POWER))
def chi_square_power(p: Proof) -> Chain:
    """The mean of a negative power of a chi-square variable with k degrees of freedom."""
    p.assume(STANDARD_NORMAL)
    return p.calc(
        E(squares**-s),
        *("=", _power, by_density),
        *("=", sp.gamma(k / 2 - s) / (2**s * sp.gamma(k / 2)), known_integral("Euler's integral")),
    )
