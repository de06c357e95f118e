"""Without typical datapoints gradients of a wide rectifier network shatter like L^-3, not exponentially.

Let theta_i = arccos(rho_i) be the angle between two inputs after i layers.  One layer turns it into theta' with

    cos theta' = cos theta + (sin theta - theta cos theta)/pi >= cos(theta/(1 + theta/(3 pi))),

so 1/theta_i >= 1/theta_0 + i/(3 pi): angles close at least as fast as 3 pi/i, which is also their leading term.  With
a = arccos(rho)/pi the gradient correlation, a product of factors 1 - theta_i/pi, is bounded below at every depth,

    g_L >= (3 - a)(3 - 2a)(3 - 3a)/((L a + 3 - a)(L a + 3 - 2a)(L a + 3 - 3a)),

and 1 - rho_L ~ 9 pi^2/(2 L^2),  g_{2L}/g_L ~ 1/8.  (For orthogonal inputs, a = 1/2, g_L >= 60/((L+3)(L+4)(L+5)).)
Reference: cho2009, yang2019 for the map and the product; balduzzi2017, theorem 1b, for the exponential claim.
Assumptions: those of `theory.shattering.rectifier`.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from theory.proof.domains import Reals
from theory.proof.forms import insert
from theory.proof.library import theorem
from theory.proof.nodes import acospi
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards
from theory.proof.theorem import Chain, Proof
from theory.shattering.architectures import DEPTH
from theory.shattering.boxes import at_most
from theory.shattering.coactivation import COACTIVE, CORRELATION, PASSED_ON
from theory.shattering.rectifier import (
    GRADIENT,
    along_the_orbit,
    correlations,
    gradients,
    orbit,
    relu_correlation,
    relu_gradient_correlation,
)
from theory.shattering.rules import less, telescoping
from theory.symbols import L, r, rho

theta = sp.Symbol("theta", nonnegative=True)
_turn = acospi(rho)  # a
_SLOWEST = sp.cos(theta / (1 + theta / (3 * sp.pi)))
_NEXT = sp.cos(theta) + (sp.sin(theta) - theta * sp.cos(theta)) / sp.pi


@theorem("shattering.relu_angle_step", source="cho2009")
def relu_angle_step(p: Proof) -> Chain:
    """One layer turns an angle theta into one of at most theta/(1 + theta/(3 pi)): the cosines compare."""
    p.let(theta, Reals(0, 3))
    cosine = sp.cos(theta)
    angles = {acospi(cosine): theta / sp.pi, sp.sqrt(1 - cosine**2): sp.sin(theta)}
    polar = Rule("theta lies between 0 and pi", lambda line, context: line.xreplace(angles))
    p.calc(PASSED_ON.subs(rho, cosine), "=", _NEXT, polar)
    beyond_pi = sp.Rational(22, 7)
    return p.calc(_SLOWEST, "<=", _NEXT, at_most(_NEXT, theta, beyond_pi, 4, sp.Rational(1, 2)))


def _closing(line: sp.Basic, context: Context) -> sp.Basic:
    """1/theta_i grows by at least 1/(3 pi) a layer, so theta_i/pi <= 3 a/(i a + 3), a = arccos(rho)/pi."""
    if relu_angle_step.derivation().statement.left != _SLOWEST:
        raise RuleDoesNotApply(f"{relu_angle_step.name} does not bound the angle")
    return line.replace(
        lambda part: isinstance(part, acospi) and part.args[0].has(type(orbit(L))),
        lambda part: 3 * _turn / (part.args[0].count * _turn + 3),
    )


closing = Rule("induction over the layers", _closing, relation="<=", uses=(relu_angle_step.name,))


@theorem("shattering.relu_angle", source="cho2009", parameters=(DEPTH, CORRELATION))
def relu_angle(p: Proof) -> Chain:
    """The angle between two inputs' activations after L layers, in half turns, is at most 3a/(L a + 3)."""
    inserted = insert(correlations[L], relu_correlation)
    return p.calc(
        acospi(correlations[L]),
        *("=", acospi(orbit(L)), inserted),
        *("<=", 3 * _turn / (L * _turn + 3), closing),
    )


@theorem("shattering.coactivation_climbs", source="balduzzi2017, section 2", parameters=(DEPTH, CORRELATION))
def coactivation_climbs(p: Proof) -> Chain:
    """Without normalisation the share of units active for both of two inputs climbs to a half."""
    angle = relu_angle.derivation().statement
    bound = replace(less(angle), name=f"by {relu_angle.name}", uses=(relu_angle.name,), appeal=True)
    return p.calc((1 - angle.right) / 2, "<=", COACTIVE.subs(rho, correlations[L]), bound)


_FACTORS = sp.Product(1 - 3 * _turn / (r * _turn + 3), (r, 0, L - 1))
_PARTIAL = 1 / ((r * _turn + 3 - _turn) * (r * _turn + 3 - 2 * _turn) * (r * _turn + 3 - 3 * _turn))
_along = sp.Product(1 - acospi(orbit(r)), (r, 0, L - 1))


def _factor_by_factor(line: sp.Basic, context: Context) -> sp.Basic:
    """Factors 1 - 3a/(r a + 3), not negative as a <= 1, grow to 1 - arccos(rho_r)/pi; at r = 0 the two are equal."""
    if line != sp.Product(1 - relu_angle.derivation().statement.right.subs(L, r), *line.limits):
        raise RuleDoesNotApply(f"the factors of {line} are not those that {relu_angle.name} bounds")
    return line.func(1 - acospi(orbit(r)), *line.limits)


factor_by_factor = Rule(
    f"factor by factor, by {relu_angle.name}", _factor_by_factor, relation="<=", uses=(relu_angle.name,)
)


@theorem("shattering.relu_gradient_lower_bound", source="balduzzi2017, theorem 1b", parameters=(DEPTH, CORRELATION))
def relu_gradient_lower_bound(p: Proof) -> Chain:
    """The gradient correlation over L layers of a wide rectifier network is at least of the order of L^-3."""
    product = telescoping(_PARTIAL, r)
    bound = (3 - _turn) * (3 - 2 * _turn) * (3 - 3 * _turn)
    bound /= (L * _turn + 3 - _turn) * (L * _turn + 3 - 2 * _turn) * (L * _turn + 3 - 3 * _turn)
    return p.calc(
        bound,
        *("=", _FACTORS, backwards(product)),
        *("<=", _along, factor_by_factor),
        *("=", GRADIENT, along_the_orbit),
        *("=", gradients, backwards(insert(gradients, relu_gradient_correlation))),
    )


_INCREASING = (10, 100, 1000)


def _computed(name: str, error: sp.Expr) -> Rule:
    return Rule(name, None, kind="computed", relation="~", error=error)


@theorem("shattering.relu_correlation_power", source="cho2009")
def relu_correlation_power(p: Proof) -> Chain:
    """At large depth 1/sqrt(1 - rho_L) grows by sqrt(2)/(3 pi) a layer: 1 - rho_L is 9 pi^2/(2 L^2) to first order."""
    growth = (1 / sp.sqrt(1 - orbit(2 * L)) - 1 / sp.sqrt(1 - orbit(L))) / L
    points = [{rho: sp.S.Zero, L: depth} for depth in _INCREASING]
    expansion = _computed("angles close like 3 pi/L", 1 / L)
    return p.calc(growth, "~", sp.sqrt(2) / (3 * sp.pi), expansion, points=points)


@theorem("shattering.relu_gradient_power", source="cho2009; yang2019")
def relu_gradient_power(p: Proof) -> Chain:
    """At large depth twice the depth divides the gradient correlation by 8: it is a power law of exponent -3."""
    points = [{rho: sp.S.Zero, L: depth} for depth in _INCREASING]
    expansion = _computed("factors 1 - 3/i + ...", sp.log(L) / L)
    return p.calc(GRADIENT.subs(L, 2 * L) / GRADIENT, "~", sp.Rational(1, 8), expansion, points=points)
