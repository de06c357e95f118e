"""Two rectifiers that see correlated inputs: how often both are active, and the correlation they pass on.

For jointly normal pre-activations s, s' with mean 0, variance 1 and correlation rho, write
s' = (kappa s + x)/sqrt(1 + kappa^2) with x standard normal, independent of s, and kappa = rho/sqrt(1 - rho^2).  Given s,

    P(s' > 0 | s) = Phi(kappa s),      sqrt(1 + kappa^2) E[max(s', 0) | s] = kappa s Phi(kappa s) + phi(kappa s),

and averages over s > 0, differentiated in kappa, are rational functions.  The results are

    P(s > 0, s' > 0) = 1/4 + arcsin(rho)/(2 pi) = (1 - arccos(rho)/pi)/2,
    2 E[max(s, 0) max(s', 0)] = rho + (sqrt(1 - rho^2) - rho arccos(rho))/pi,

the second being the correlation of activations (He's variance makes it 1 at rho = 1); its slope is twice the first.
Reference: sheppard1899; cho2009 (the arc-cosine kernels of degree 0 and 1).
Assumptions: jointly normal pre-activations of equal variance.  An expectation is by definition the integral against the
normal density; at rho = 1 and -1, where kappa is infinite, s' = s and s' = -s.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.gaussian import density, gaussian_integral, primitive
from theory.proof.domains import Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral, acospi
from theory.proof.rules import Context, Rule, algebra
from theory.proof.theorem import Chain, Parameter, Proof
from theory.shattering.rules import as_shown, under_the_integral
from theory.symbols import rho

s, x = sp.symbols("s x", real=True)  # the first pre-activation; what the second has besides
kappa, t = sp.symbols("kappa t", real=True)
RIGHT = (s, sp.S.Zero, sp.oo)

CORRELATION = Parameter("correlation", Reals(-1, 1), rho)
COACTIVE: sp.Expr = (1 - acospi(rho)) / 2
PASSED_ON: sp.Expr = rho + sp.sqrt(1 - rho**2) / sp.pi - rho * acospi(rho)

_at = {kappa: rho / sp.sqrt(1 - rho**2)}
_normal = density(s, sp.S.One)
_given_active = sp.erfc(-kappa * s / sp.sqrt(2)) / 2  # Phi(kappa s)
_passed = kappa * s * _given_active + density(kappa * s, sp.S.One)


def _angle(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({sp.atan(_at[kappa]): sp.pi / 2 - sp.pi * acospi(rho)})


angle = Rule("tan(pi/2 - theta) = rho/sqrt(1 - rho^2) for cos(theta) = rho", _angle)


def _average(body: sp.Expr, most: sp.Expr = sp.S.One) -> DominatedIntegral:
    """The integral of body times the density of s over s > 0, where body is at most `most` times s^k for some k <= 3.

    s^k phi(s) exp(s) is largest where s^2 - s = k: 0.66, 0.88, 1.60, 3.44 for k = 0..3.
    """
    return DominatedIntegral(body * _normal, RIGHT, 4 * most, 1)


def _condition(p: Proof) -> None:
    """What is expected of s' given s: integrals over x > -kappa s."""
    p.let(s, Reals(None))
    p.let(kappa, Reals(None))
    p.let(t, Reals(None))
    upper, scale = (x, -kappa * s, sp.oo), 9 * (1 + sp.Abs(kappa * s))  # (1 + |x|) phi(x) <= 9 exp(-|x|)
    for body, value in ((sp.S.One, _given_active), (kappa * s + x, _passed)):
        line = DominatedIntegral(body * density(x, sp.S.One), upper, scale, 1)
        p.calc(line, "=", value, gaussian_integral)


def _inside(p: Proof) -> None:
    """From here on rho lies strictly between -1 and 1."""
    p.let(rho, Reals(-1, 1, open_low=True, open_high=True))


@theorem("shattering.coactivation", source="balduzzi2017, section 2; sheppard1899; cho2009", parameters=(CORRELATION,))
def coactivation(p: Proof) -> Chain:
    """The probability that a rectifier is active for both of two jointly normal pre-activations."""
    _condition(p)
    _inside(p)
    growth = p.calc(
        _average(s * density(t * s, sp.S.One)),
        *("=", 1 / (2 * sp.pi * (1 + t**2)), gaussian_integral),
    )
    arctangent = sp.atan(t) / (2 * sp.pi)
    both = p.calc(
        _average(_given_active),
        *("=", sp.Rational(1, 4) + sp.Integral(growth.right, (t, 0, kappa)), _start(growth)),
        *("=", sp.Rational(1, 4) + arctangent.subs(t, kappa), primitive(arctangent, t)),
    )
    p.calc(_average(sp.S.One), "=", COACTIVE.subs(rho, 1), gaussian_integral)
    return p.calc(
        both.left.subs(_at),
        *("=", both.right.subs(_at), as_shown(both, _at)),
        *("=", COACTIVE, angle),
    )


def _start(growth: Chain) -> Rule:
    return under_the_integral(growth, t, kappa) & gaussian_integral


@theorem("shattering.relu_step", source="cho2009", parameters=(CORRELATION,))
def relu_step(p: Proof) -> Chain:
    """The correlation of two rectifiers' activations, 2 E[max(s, 0) max(s', 0)], from that of their pre-activations."""
    _condition(p)
    _inside(p)
    curvature = p.calc(
        _average(s**3 * density(t * s, sp.S.One)),
        *("=", 1 / (sp.pi * (1 + t**2) ** 2), gaussian_integral),
    )
    rise = (t / (1 + t**2) + sp.atan(t)) / (2 * sp.pi)
    slope = p.calc(
        _average(s**2 * _given_active),
        *("=", sp.Rational(1, 4) + sp.Integral(curvature.right, (t, 0, kappa)), _start(curvature)),
        *("=", sp.Rational(1, 4) + rise.subs(t, kappa), primitive(rise, t)),
    )
    growth = p.calc(
        slope.left.subs(kappa, t),
        *("=", slope.right.subs(kappa, t), as_shown(slope, {kappa: t})),
    )
    whole = t / 4 + t * sp.atan(t) / (2 * sp.pi)
    mean = p.calc(
        _average(s * _passed, 1 + sp.Abs(kappa)),
        *("=", 1 / (2 * sp.pi) + sp.Integral(growth.right, (t, 0, kappa)), _start(growth)),
        *("=", 1 / (2 * sp.pi) + whole.subs(t, kappa), primitive(whole, t)),
    )
    p.calc(2 * _average(s**2), "=", PASSED_ON.subs(rho, 1), gaussian_integral)
    p.calc(sp.Derivative(PASSED_ON, rho).doit(), "=", 2 * COACTIVE, algebra)
    return p.calc(
        2 * sp.sqrt(1 - rho**2) * mean.left.subs(_at),
        *("=", 2 * sp.sqrt(1 - rho**2) * mean.right.subs(_at), as_shown(mean, _at)),
        *("=", PASSED_ON, angle),
    )
