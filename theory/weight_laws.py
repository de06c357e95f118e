"""Weight laws: the variances of the two uniform initialisations, and the kurtosis of the usual laws.

Every moment starts as an integral against the law's density, or as a sum over its values, and is evaluated:

    Var W = 1/(3n)  for  W ~ U[-1/sqrt(n), 1/sqrt(n)]      ("standard", n the size of the previous layer),
    Var W = 2/(n_in + n_out)  for  W ~ U[-sqrt(6/(n_in + n_out)), sqrt(6/(n_in + n_out))]      ("normalized").

The kurtosis E w^4/(E w^2)^2 does not change when w is multiplied by a constant, so the normal laws are taken with
unit variance (before the cut), and the uniform law on [-c, c] for every c.
Reference: glorot2010, equations 1, 15 and 16.  Assumptions: none beyond the laws themselves.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.gaussian import LINE, density, gaussian_integral
from theory.probability.integrals import power_rule
from theory.proof.domains import Integers, Names, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import r

w = sp.Symbol("w", real=True)  # one weight
c = sp.Symbol("c", positive=True)  # half the width of a uniform law
n = sp.Symbol("n", integer=True, positive=True)  # the size of the previous layer
n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)


# --- the variances of uniform weights ----------------------------------------------------------------------


def uniform_moment(power: int, half_width: sp.Expr) -> sp.Integral:
    """E w^power as the integral against the density of U[-half_width, half_width]."""
    return sp.Integral(w**power / (2 * half_width), (w, -half_width, half_width))


def _uniform_variance(p: Proof, half_width: sp.Expr, value: sp.Expr) -> Chain:
    """E w^2 - (E w)^2 under a density that has mass 1."""
    p.calc(uniform_moment(0, half_width), "=", 1, power_rule(w))
    second, first = uniform_moment(2, half_width), uniform_moment(1, half_width)
    return p.calc(second - first**2, "=", value, power_rule(w))


@theorem(
    "variance.standard_weight",
    source="glorot2010, eqs 1 and 15",
    parameters=(Parameter("n", Integers(1), n),),
)
def standard_weight(p: Proof) -> Chain:
    """The variance of one weight under the standard initialisation U[-1/sqrt(n), 1/sqrt(n)]."""
    return _uniform_variance(p, 1 / sp.sqrt(n), 1 / (3 * n))


@theorem(
    "variance.normalized_weight",
    source="glorot2010, eq. 16",
    parameters=(Parameter("n_in", Integers(1), n_in), Parameter("n_out", Integers(1), n_out)),
)
def normalized_weight(p: Proof) -> Chain:
    """The variance of one weight under the normalized initialisation U[±sqrt(6/(n_in + n_out))]."""
    return _uniform_variance(p, sp.sqrt(6) / sp.sqrt(n_in + n_out), 2 / (n_in + n_out))


# --- the kurtosis ------------------------------------------------------------------------------------------

CUT = 2  # the truncated normal law keeps what lies within two standard deviations


def normal_moment(power: int, ends: tuple[sp.Expr, sp.Expr] = LINE) -> DominatedIntegral:
    """The integral of w^power times the standard normal density phi, power = 0, 2 or 4.

    The majorant: |w|^power exp(|w|) phi(w) is largest where |w|^2 - |w| = power, with values 0.66, 1.60, 8.36;
    so w^power phi(w) <= 9 exp(-|w|).
    """
    return DominatedIntegral(w**power * density(w, sp.S.One), (w, *ends), 9, 1)


def _signed_moment(power: int) -> sp.Sum:
    """E w^power for w = -1 or 1, each with probability 1/2."""
    return sp.Sum((2 * r - 1) ** power / sp.S(2), (r, 0, 1))


def _write_out(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: frozenset[frozenset[sp.Basic]]) -> sp.Basic:
        if not isinstance(part, sp.Sum) or len(part.limits) != 1:
            return part
        index, low, high = part.limits[0]
        if not (low.is_Integer and high.is_Integer):
            return part
        return sp.Add(*(part.function.subs(index, value) for value in range(int(low), int(high) + 1)))

    return rewrite(line, visit)


write_out = Rule("write the sum out", _write_out)


def _truncated(p: Proof) -> Chain:
    """The density of the cut law is phi over its mass on [-2, 2], so E w^q is a ratio of integrals of phi."""
    ends = (-sp.S(CUT), sp.S(CUT))
    at_cut, kept = density(w, sp.S.One).subs(w, CUT), sp.erf(sp.sqrt(2))
    values = {0: kept, 2: kept - 4 * at_cut, 4: 3 * kept - 28 * at_cut}
    moments = [p.calc(normal_moment(q, ends), "=", value, gaussian_integral) for q, value in values.items()]
    mass, second, fourth = (moment.left for moment in moments)
    shown = {moment.left: moment.right for moment in moments}
    as_shown = Rule("the three integrals, as shown", lambda line, context: line.xreplace(shown))
    kurtosis = kept * (3 * kept - 28 * at_cut) / (kept - 4 * at_cut) ** 2
    return p.calc((fourth / mass) / (second / mass) ** 2, "=", kurtosis, as_shown)


@theorem(
    "variance.fourth_moment",
    source="glorot2010, eqs 1 and 16; he2015",
    parameters=(Parameter("law", Names(("normal", "uniform", "truncated", "sign"))),),
)
def fourth_moment(p: Proof, law: str) -> Chain:
    """The kurtosis E w^4/(E w^2)^2 of a weight law; "truncated" is normal, cut at two standard deviations."""
    if law == "truncated":
        return _truncated(p)
    if law == "normal":
        p.calc(normal_moment(0), "=", 1, gaussian_integral)
        return p.calc(normal_moment(4) / normal_moment(2) ** 2, "=", 3, gaussian_integral)
    if law == "sign":
        p.calc(_signed_moment(0), "=", 1, write_out)
        return p.calc(_signed_moment(4) / _signed_moment(2) ** 2, "=", 1, write_out)
    p.let(c, Reals(0, open_low=True))
    p.calc(uniform_moment(0, c), "=", 1, power_rule(w))
    return p.calc(uniform_moment(4, c) / uniform_moment(2, c) ** 2, "=", sp.Rational(9, 5), power_rule(w))
