"""How much an activation's derivative scales gradients: E[f'(s)^2] for a centred Gaussian pre-activation s.

Back-propagation multiplies the variance of the gradient by E[f'(s)^2] in every layer.  The linear regime of
Glorot and Bengio puts f'(s) = 1 in its place, so the gap 1 - E[f'(s)^2] is what that idealisation costs in
one layer; over d layers it claims 1 for E[f'(s)^2]^d.  For tanh at variance 1 the gap is 0.54, for relu 1/2
at every variance.

Reference: glorot2010 (the idealisation); poole2016 (the factor chi_1, which is E[f'(s)^2] times the sum of the
weights' variances over the fan-in).
Assumptions: s ~ N(0, V), V > 0.  The expectation is by definition the integral against the normal density;
the kinks of f are null sets, and f' stays undefined there.  Where no closed form is known the statement ends
in an integral over a standard normal x.  Majorants come from |f'| <= L of `theory.activations`, as
`theory.probability.gaussian.expectation` explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE, Activation
from theory.probability.gaussian import (
    LINE,
    expectation,
    gaussian_integral,
    price,
    primitive,
    reflection,
    same_integrands,
    stretch,
)
from theory.proof.domains import Names, Reals
from theory.proof.library import theorem
from theory.proof.rules import Rule, backwards
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import a, x

V = sp.Symbol("V", positive=True)  # Var s
s = sp.Symbol("s", real=True)  # the pre-activation
_t = sp.Symbol("t", positive=True)  # a variance on the way from 0 to V
_y = sp.sqrt(V) * x  # the pre-activation, for a standard normal x


def squared_slope(f: Activation, pre_activation: sp.Expr, variable: sp.Symbol, variance: sp.Expr) -> sp.Expr:
    """E[f'(s)^2] by definition, summed over the components of f: one integral for each piece with a slope.

    pre_activation: s as a positive multiple of `variable`, which is N(0, variance).
    """
    scale, bound = pre_activation / variable, f.lipschitz**2
    pieces = [piece for component in f.derivative for piece in component if piece[1] != 0]
    squares = [((low / scale, high / scale), slope.xreplace({x: pre_activation}) ** 2) for (low, high), slope in pieces]
    return sp.Add(*(expectation(square, variable, ends, variance, bound) for ends, square in squares))


# --- closed forms -------------------------------------------------------------------------------------------

_exponential_side = sp.exp(2 * V) * sp.erfc(sp.sqrt(2 * V)) / 2  # E[exp(2s); s < 0]
CLOSED = {
    "linear": sp.S.One,
    "relu": sp.Rational(1, 2),
    "leaky_relu": (1 + a**2) / 2,
    "prelu": (1 + a**2) / 2,
    "abs": sp.S.One,
    "erf": 4 / (sp.pi * sp.sqrt(1 + 4 * V)),
    "elu": sp.Rational(1, 2) + _exponential_side,
    "selu": SELU_SCALE**2 * (sp.Rational(1, 2) + SELU_ALPHA**2 * _exponential_side),
    "hardtanh": sp.erf(1 / sp.sqrt(2 * V)),
    "crelu": sp.S.One,
}


def _cdf(z: sp.Expr) -> sp.Expr:
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _pdf(z: sp.Expr) -> sp.Expr:
    return sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def _squared_cdf(p: Proof) -> Chain:
    """E[Phi(s)^2] = arctan(sqrt(1 + 2V))/pi, by Price's theorem."""
    p.let(_t, Reals(0, open_low=True))
    z = sp.sqrt(_t) * x
    growth = p.calc(  # half of (Phi^2)'' = 2 phi^2 - 2 z Phi phi, where phi^2 <= 1/4 and |z| phi <= 1/4
        expectation(_pdf(z) ** 2 - z * _cdf(z) * _pdf(z), x, LINE, sp.S.One, sp.Rational(1, 2)),
        *("=", 1 / (2 * sp.pi * (1 + _t) * sp.sqrt(1 + 2 * _t)), gaussian_integral),
    )
    arctangent = sp.atan(sp.sqrt(1 + 2 * _t)) / sp.pi
    return p.calc(
        expectation(_cdf(_y) ** 2, x, LINE, sp.S.One, sp.S.One),
        *("=", sp.Rational(1, 4) + sp.Integral(growth.right, (_t, 0, V)), price(growth, _t, V)),
        *("=", arctangent.subs(_t, V), primitive(arctangent, _t)),
    )


def _gelu(p: Proof) -> tuple[Any, ...]:
    """The lines that square f' = Phi + s phi: three terms by Price's theorem, by parts, and as a moment."""
    square = _squared_cdf(p)
    s_phi = _y * _pdf(_y)  # its size is at most 1/4
    mixed = expectation(2 * s_phi * _cdf(_y), x, LINE, sp.S.One, sp.Rational(1, 2))
    last = expectation(s_phi**2, x, LINE, sp.S.One, sp.Rational(1, 16))
    terms, root = square.left + mixed + last, sp.sqrt(1 + 2 * V)
    value = square.right + V / (sp.pi * (1 + V) * root) + V / (2 * sp.pi * root**3)
    as_shown = Rule("E[Phi(s)^2], as shown", lambda line, context: line.xreplace({square.left: square.right}))
    return ("=", terms, same_integrands(terms), "=", value, as_shown & gaussian_integral)


# --- integrals that stay ------------------------------------------------------------------------------------

_h = sp.tanh(_y / 2)  # neither overflows nor spoils wide balls, as exp does
_mish_denominator = 5 - 2 * _h + _h**2
SLOPES = {
    "sigmoid": (1 - _h**2) / 4,
    "softplus": (1 + _h) / 2,
    "silu": (1 + _h) / 2 + _y * (1 - _h**2) / 4,
    "mish": (1 + _h) * ((3 - _h) / _mish_denominator + 8 * _y * (1 - _h) ** 2 / _mish_denominator**2),
}


def _integral(f: Activation) -> tuple[Any, ...]:
    """The line with a better form of the integral over x; none for tanh, whose slope is good as it comes."""
    if f.name == "softsign":
        right = 2 * expectation((1 + _y) ** -4, x, (sp.S.Zero, sp.oo), sp.S.One, f.lipschitz**2)
        return ("=", right, reflection & same_integrands(right))
    if f.name in SLOPES:
        right = expectation(SLOPES[f.name] ** 2, x, LINE, sp.S.One, f.lipschitz**2)
        return ("=", right, same_integrands(right))
    return ()


# --- the theorem --------------------------------------------------------------------------------------------


def usual_slope(values: Mapping[str, Any]) -> Fraction | None:
    """The slope of an activation that has one, where none is given."""
    usual = ACTIVATIONS[values["activation"]].standard_slope
    return None if usual is None else Fraction(int(usual.p), int(usual.q))


def slope_fits(values: Mapping[str, Any]) -> str | None:
    """A complaint about a slope given to an activation that has none."""
    if "slope" in values and usual_slope(values) is None:
        sloped = " and ".join(f.name for f in ACTIVATIONS.values() if f.standard_slope is not None)
        return f"only {sloped} have a slope, {values['activation']} has none; leave slope out"
    return None


@theorem(
    "variance.jacobian_factor",
    source="glorot2010, section 4.2.1",
    parameters=(
        Parameter("activation", Names(tuple(ACTIVATIONS))),
        Parameter("preactivation_variance", Reals(0, open_low=True), V),
        Parameter("slope", Reals(0), a, default=usual_slope),
    ),
    constraint=slope_fits,
)
def jacobian_factor(p: Proof, activation: str) -> Chain:
    """E[f'(s)^2] for a centred Gaussian pre-activation s, which the linear regime takes to be 1."""
    f = ACTIVATIONS[activation]
    standard = squared_slope(f, _y, x, sp.S.One)
    substituted = (squared_slope(f, s, s, V), "=", standard, stretch(s, sp.sqrt(V), x))
    if activation == "gelu":
        return p.calc(*substituted, *_gelu(p))
    if activation not in CLOSED:
        return p.calc(*substituted, *_integral(f))
    chain = p.calc(*substituted, "=", CLOSED[activation], gaussian_integral)
    if chain.right.has(sp.erfc):  # exp(2V) erfc(sqrt(2V)) overflows in floating point from V = 355 on
        p.evaluate_by(p.calc(chain.right, "=", standard, backwards(gaussian_integral)))
    return chain
