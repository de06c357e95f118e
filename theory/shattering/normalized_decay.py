"""How the gradient correlation of a normalised residual network decays: K/sqrt(L), with its constant and its range.

With y = 1/beta^2 and K = Gamma(y + 1)/Gamma(y + 1/2) the correlation over L - 1 layers is
R = K Gamma(L + y - 1/2)/Gamma(L + y), and log-convexity of Gamma, Gamma(t)^2 <= Gamma(t - 1/2) Gamma(t + 1/2), gives

    K/sqrt(L + y - 1/2) <= R <= K/sqrt(L + y - 1),        sqrt(y) <= K <= sqrt(y + 1/2).

So R ~ K/sqrt(L + y - 3/4) up to a factor 1 + O(1/L^2), which is good at every depth, and R ~ K/sqrt(L) up to a factor
1 + O(y/L), which is usable from L = 1/beta^2 on upwards, not before: at beta = 0.1 and L = 100 it is 1.001, R is 0.71.
Reference: balduzzi2017, theorem 3.  Assumptions: those of `shattering.normalized_resnet_correlation`.
"""

from __future__ import annotations

import sympy as sp

from theory.proof.domains import Reals
from theory.proof.forms import insert
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards
from theory.proof.theorem import Chain, Proof
from theory.shattering.architectures import DEPTH
from theory.shattering.layers import C, V
from theory.shattering.normalized import BETA, CONSTANT, CORRELATION_CLOSED, beta, normalized_resnet_correlation
from theory.shattering.rules import bounded, gamma_recurrence, reciprocal
from theory.symbols import L

t = sp.Symbol("t", positive=True)
_HALF = sp.Rational(1, 2)
_y = 1 / beta**2
_correlation = C[1] / V[1]
_closed_form = insert(_correlation, normalized_resnet_correlation, "rigorous")
_INCREASING = (100, 1000, 10000)  # large against y = 4, 1, 1/4 below
_SOURCE = "balduzzi2017, theorem 3b"


def log_convexity(z: sp.Expr) -> Rule:
    """Gamma(z) <= sqrt(Gamma(z - 1/2) Gamma(z + 1/2)) for z > 1/2, in a product with other positive factors."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        rest = line / sp.gamma(z)
        if not (z - _HALF).is_positive or not rest.is_positive or rest.has(sp.gamma(z)):
            raise RuleDoesNotApply(f"{line} is no positive multiple of Gamma({z})")
        return rest * sp.sqrt(sp.gamma(z - _HALF) * sp.gamma(z + _HALF))

    return Rule("Gamma is log-convex", derive, relation="<=")


def _quotient(p: Proof, z: sp.Expr, by: sp.Expr, value: sp.Expr) -> Chain:
    """Gamma(z)/Gamma(by) <= value, by one of the neighbours z - 1/2 and z + 1/2 of z."""
    p.let(t, Reals(0, open_low=True))
    root = sp.sqrt(sp.gamma(z - _HALF) * sp.gamma(z + _HALF)) / sp.gamma(by)
    return p.calc(sp.gamma(z) / sp.gamma(by), "<=", root, log_convexity(z), "=", value, gamma_recurrence)


@theorem("shattering.normalized_resnet_lower_bound", source=_SOURCE, parameters=(DEPTH, BETA))
def lower_bound(p: Proof) -> Chain:
    """The correlation over L - 1 normalised residual layers is at least K/sqrt(L + y - 1/2), y = 1/beta^2."""
    quotient = _quotient(p, t + 1, t + _HALF, sp.sqrt(t + _HALF))
    return p.calc(
        CONSTANT / sp.sqrt(L + _y - _HALF),
        *("<=", CORRELATION_CLOSED, reciprocal(quotient, {t: L - 1 + _y})),
        *("=", _correlation, backwards(_closed_form)),
    )


@theorem("shattering.normalized_resnet_upper_bound", source=_SOURCE, parameters=(DEPTH, BETA))
def upper_bound(p: Proof) -> Chain:
    """The correlation over L - 1 normalised residual layers is at most K/sqrt(L + y - 1), y = 1/beta^2."""
    quotient = _quotient(p, t + _HALF, t + 1, 1 / sp.sqrt(t))
    return p.calc(
        _correlation,
        *("=", CORRELATION_CLOSED, _closed_form),
        *("<=", CONSTANT / sp.sqrt(L + _y - 1), bounded(quotient, {t: L - 1 + _y})),
    )


@theorem("shattering.normalized_resnet_constant", source=_SOURCE, parameters=(BETA,))
def constant(p: Proof) -> Chain:
    """The constant K of the decay, and by how little it exceeds 1/beta: K <= sqrt(1/beta^2 + 1/2)."""
    below = _quotient(p, t + _HALF, t + 1, 1 / sp.sqrt(t))
    p.calc(1 / beta, "<=", CONSTANT, reciprocal(below, {t: _y}))
    above = _quotient(p, t + 1, t + _HALF, sp.sqrt(t + _HALF))
    return p.calc(CONSTANT, "<=", sp.sqrt(_y + _HALF), bounded(above, {t: _y}))


@theorem("shattering.normalized_resnet_asymptote", source=_SOURCE, parameters=(DEPTH, BETA))
def asymptote(p: Proof) -> Chain:
    """The correlation over L - 1 normalised residual layers up to a factor 1 + O(1/L^2); its leading term is K/sqrt(L)."""
    points = [{beta: value, L: depth} for value in (_HALF, 1, 2) for depth in _INCREASING]
    stirling = Rule("Stirling's formula", None, kind="computed", relation="~", error=L ** sp.Rational(-5, 2))
    return p.calc(
        _correlation,
        *("=", CORRELATION_CLOSED, _closed_form),
        *("~", CONSTANT / sp.sqrt(L + _y - sp.Rational(3, 4)), stirling),
        points=points,
    )
