"""Gains: by what a layer's weights are to be multiplied so that an activation keeps the second moment it meets.

    forward  1/sqrt(E phi(x)^2),     backward  1/sqrt(E phi'(x)^2),     x standard normal.

With weights of variance gain^2/fan_in (fan_out for gradients) a layer of many units whose pre-activations have variance
1 hands on mean squares of 1.  The two gains agree for the positively homogeneous activations alone: there x phi'(x) =
phi(x).  For crelu the squares of both components count.
Reference: he2015 (rectifiers); klambauer2017 (selu); price1958.  torch.nn.init.calculate_gain, whose figures are kept
beside the derived ones, gives 5/3 for tanh and 3/4 for selu.
Assumptions: x ~ N(0, 1); the expectation is by definition the integral against the normal density.  Where no closed
form is known the statement ends in an integral that float and ball arithmetic evaluate.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE, Activation
from theory.jacobian import V, jacobian_factor, slope_fits, squared_slope, usual_slope
from theory.probability.gaussian import (
    LINE,
    density,
    expectation,
    gaussian_integral,
    price,
    primitive,
    reflection,
    same_integrands,
)
from theory.proof.domains import Names, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, by_theorem, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import a, x

HALF_LINE = (sp.S.Zero, sp.oo)
_t = sp.Symbol("t", positive=True)  # a variance on the way from 0 to 1


# --- the second moment by definition -------------------------------------------------------------------------------


def _at_zero(f: Activation) -> sp.Expr:
    """An upper bound of |f(0)|, the norm over the components."""
    values = (piece.subs(x, 0) for component in f.components for (low, high), piece in component if low <= 0 <= high)
    return sp.Add(*(sp.Abs(value) for value in values))


def mean_square(f: Activation, body: sp.Expr, ends: tuple[sp.Expr, sp.Expr]) -> DominatedIntegral:
    """E[body; x in ends], where |body| <= 2 f(x)^2.

    The majorant: |f| <= f0 + L |x| gives f^2 <= 2 f0^2 + 2 L^2 x^2; exp(|x|) times the normal density is at most 0.66,
    and x^2 times that at most 1.60, so f^2 times the density is at most (2 f0^2 + 4 L^2) exp(-|x|).
    """
    scale = 2 * (2 * _at_zero(f) ** 2 + 4 * f.lipschitz**2)
    return DominatedIntegral(body * density(x, sp.S.One), (x, *ends), scale, 1)


def second_moment(f: Activation) -> sp.Expr:
    """E f(x)^2 by definition: one integral for each piece that is not 0."""
    pieces = [piece for component in f.components for piece in component if piece[1] != 0]
    return sp.Add(*(mean_square(f, value**2, ends) for ends, value in pieces))


# --- closed forms --------------------------------------------------------------------------------------------------

# E[(exp(x) - 1)^2; x < 0]
_exponential_side = (1 + sp.exp(2) * sp.erfc(sp.sqrt(2))) / 2 - sp.exp(sp.Rational(1, 2)) * sp.erfc(1 / sp.sqrt(2))
CLOSED = {
    "linear": sp.S.One,
    "relu": sp.Rational(1, 2),
    "leaky_relu": (1 + a**2) / 2,
    "prelu": (1 + a**2) / 2,
    "abs": sp.S.One,
    "elu": sp.Rational(1, 2) + _exponential_side,
    "selu": SELU_SCALE**2 * (sp.Rational(1, 2) + SELU_ALPHA**2 * _exponential_side),
    "hardtanh": 1 - sp.sqrt(2 / (sp.pi * sp.E)),
    "crelu": sp.S.One,
}
complement = Rule("erfc = 1 - erf", lambda line, context: line.replace(sp.erfc, lambda z: 1 - sp.erf(z)))


def _erf(p: Proof) -> tuple[Any, ...]:
    """E erf(x)^2 by Price's theorem."""
    p.let(_t, Reals(0, open_low=True))
    z = sp.sqrt(_t) * x
    growth = p.calc(  # half of (erf^2)'', of size at most 4/pi + 4/sqrt(pi) |z| exp(-z^2) <= 3
        expectation(
            4 / sp.pi * sp.exp(-2 * z**2) - 4 / sp.sqrt(sp.pi) * z * sp.erf(z) * sp.exp(-(z**2)), x, LINE, 1, sp.S(3)
        ),
        *("=", 4 / (sp.pi * (1 + 2 * _t) * sp.sqrt(1 + 4 * _t)), gaussian_integral),
    )
    arctangent = 4 * sp.atan(sp.sqrt(1 + 4 * _t)) / sp.pi
    return (
        *("=", sp.Integral(growth.right, (_t, 0, 1)), price(growth, _t, sp.S.One)),
        *("=", 4 * sp.atan(sp.sqrt(5)) / sp.pi - 1, primitive(arctangent, _t)),
    )


def _by_parts(line: sp.Basic, context: Context) -> sp.Basic:
    """E[x h(x)] = E h'(x) for an integral over the whole line, where h grows at most polynomially."""

    def visit(part: sp.Basic, distinct: Any) -> sp.Basic:
        if not isinstance(part, DominatedIntegral) or part.variable != x or (part.lower, part.upper) != LINE:
            return part
        h = part.body / density(x, sp.S.One) / x
        return DominatedIntegral(sp.diff(h, x) * density(x, sp.S.One), (x, *LINE), part.scale, part.rate)

    return rewrite(line, visit)


stein = Rule("integration by parts, E[x h(x)] = E h'(x)", _by_parts)


def _gelu(p: Proof) -> tuple[Any, ...]:
    """E (x Phi)^2 = E Phi^2 + 2 E[x Phi phi] by parts; E Phi^2 = 1/3 by Price's theorem; the rest is Gaussian."""
    p.let(_t, Reals(0, open_low=True))
    cdf, pdf = (1 + sp.erf(x / sp.sqrt(2))) / 2, density(x, sp.S.One)
    at = {x: sp.sqrt(_t) * x}
    growth = p.calc(  # half of (Phi^2)'' = 2 phi^2 - 2 z Phi phi, where phi^2 <= 1/4 and |z| phi <= 1/4
        expectation((pdf**2 - x * cdf * pdf).subs(at), x, LINE, sp.S.One, sp.Rational(1, 2)),
        *("=", 1 / (2 * sp.pi * (1 + _t) * sp.sqrt(1 + 2 * _t)), gaussian_integral),
    )
    squared = p.calc(
        expectation(cdf**2, x, LINE, sp.S.One, sp.S.One),
        *("=", sp.Rational(1, 4) + sp.Integral(growth.right, (_t, 0, 1)), price(growth, _t, sp.S.One)),
        *("=", sp.Rational(1, 3), primitive(sp.atan(sp.sqrt(1 + 2 * _t)) / sp.pi, _t)),
    )
    mixed = expectation(2 * x * cdf * pdf, x, LINE, sp.S.One, sp.S.One)
    after = mean_square(ACTIVATIONS["gelu"], cdf**2 + 2 * x * cdf * pdf, LINE)  # at most 1 + 1/2
    terms = squared.left + mixed
    as_shown = Rule("E Phi(x)^2, as shown", lambda line, context: line.xreplace({squared.left: squared.right}))
    return (
        *("=", after, stein),
        *("=", terms, same_integrands(terms)),
        *("=", sp.Rational(1, 3) + 1 / (2 * sp.sqrt(3) * sp.pi), as_shown & gaussian_integral),
    )


# --- integrals that stay -------------------------------------------------------------------------------------------

_h = sp.tanh(x / 2)  # neither overflows nor spoils wide balls, as exp does
VALUES = {
    "sigmoid": (1 + _h) / 2,
    "silu": x * (1 + _h) / 2,
    "mish": x * (1 + _h) * (3 - _h) / (5 - 2 * _h + _h**2),
}


def _fold(line: sp.Basic, context: Context) -> sp.Basic:
    """The integral of g over the line is that of g(x) + g(-x) over x > 0."""

    def visit(part: sp.Basic, distinct: Any) -> sp.Basic:
        if not isinstance(part, DominatedIntegral) or (part.lower, part.upper) != LINE:
            return part
        both = part.body + part.body.xreplace({part.variable: -part.variable})
        return DominatedIntegral(both, (part.variable, *HALF_LINE), 2 * part.scale, part.rate)

    return rewrite(line, visit)


folding = Rule("both half-lines together", _fold)


def _integral(f: Activation) -> tuple[Any, ...]:
    """The line with a better form of the integral over x."""
    if f.name == "softsign":
        right = mean_square(f, 2 * (x / (1 + x)) ** 2, HALF_LINE)
        return ("=", right, reflection & same_integrands(right))
    if f.name in VALUES:
        right = mean_square(f, VALUES[f.name] ** 2, LINE)
        return ("=", right, same_integrands(right))
    body = f.components[0][0][1] ** 2
    right = mean_square(f, body + body.xreplace({x: -x}), HALF_LINE)
    return ("=", right, folding & same_integrands(right))


# --- the theorems --------------------------------------------------------------------------------------------------

PARAMETERS = (
    Parameter("activation", Names(tuple(ACTIVATIONS))),
    Parameter("slope", Reals(0), a, default=usual_slope),
)
TORCH = {  # torch.nn.init.calculate_gain
    **dict.fromkeys(("linear", "sigmoid"), sp.S.One),
    "tanh": sp.Rational(5, 3),
    "relu": sp.sqrt(2),
    "leaky_relu": sp.sqrt(2 / (1 + a**2)),
    "selu": sp.Rational(3, 4),
}


@theorem("gains.forward", source="he2015, section 2.2; klambauer2017", parameters=PARAMETERS, constraint=slope_fits)
def forward(p: Proof, activation: str) -> Chain:
    """The gain that keeps the mean square of the activations, 1/sqrt(E phi(x)^2), x standard normal."""
    f = ACTIVATIONS[activation]
    start = second_moment(f)
    if activation in CLOSED:
        integral = gaussian_integral & complement if activation == "hardtanh" else gaussian_integral
        square = p.calc(start, "=", CLOSED[activation], integral)
    else:
        lines = {"erf": _erf, "gelu": _gelu}.get(activation, lambda p: _integral(f))
        square = p.calc(start, *lines(p))
    as_shown = Rule("the mean square, as shown", lambda line, context: line.xreplace({square.left: square.right}))
    return p.calc(1 / sp.sqrt(square.left), "=", 1 / sp.sqrt(square.right), as_shown)


@theorem("gains.backward", source="he2015, section 2.2; glorot2010", parameters=PARAMETERS, constraint=slope_fits)
def backward(p: Proof, activation: str) -> Chain:
    """The gain that keeps the mean square of the gradients, 1/sqrt(E phi'(x)^2), x standard normal."""
    f = ACTIVATIONS[activation]
    at_one = {V: sp.S.One}
    derived = jacobian_factor.derivation(activation).statement
    square = by_theorem(jacobian_factor, activation, at=at_one)
    return p.calc(1 / sp.sqrt(squared_slope(f, x, x, sp.S.One)), "=", 1 / sp.sqrt(derived.right.subs(at_one)), square)
