"""Feed-forward, residual and highway networks: variance of the gradient and correlation of two inputs' gradients.

By `theory.shattering.layers` a layer multiplies the variance by e^2 + b^2 and, for typical datapoints, the covariance by
e^2 + b^2/2.  Over L layers that start and end in one common gradient of variance 1:

    network        layer                                         variance                  correlation
    feed-forward   delta <- a W delta                            1                         2^-L
    residual       delta <- alpha (delta + beta a W delta)       (alpha^2 (1 + beta^2))^L  ((2 + beta^2)/(2 + 2 beta^2))^L
    highway        delta <- gamma_1 delta + gamma_2 a W delta    1                         ((1 + gamma_1^2)/2)^L

with gamma_1^2 + gamma_2^2 = 1 for the highway.  So a skip connection alone does not stop the exponential decay: that takes
branches whose weight falls with the depth, like the highway's gamma_1^2 = 1 - 1/L, for which
exp(-L/(2L - 1)) <= (1 - 1/(2L))^L <= exp(-1/2).
Reference: balduzzi2017, theorems 1 and 2, corollary 1.
Assumptions: those of `theory.shattering.layers`; typical datapoints.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.probability.setting import Definition, Setting
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof, Theorem
from theory.shattering.layers import (
    HYPOTHESES,
    TYPICAL,
    C,
    V,
    b,
    covariance_path,
    e,
    instance,
    p_,
    two_inputs,
    variance_path,
)
from theory.shattering.rules import less, ordered, reciprocal
from theory.symbols import L, d, i

alpha = sp.Symbol("alpha", positive=True)
beta = sp.Symbol("beta", nonnegative=True)
gamma = sp.Symbol("gamma_1", nonnegative=True)

DEPTH = Parameter("depth", Integers(1), L)
_ALPHA = Parameter("alpha", Reals(0, open_low=True), alpha)
_BETA = Parameter("beta", Reals(0), beta)
_HALF = sp.Rational(1, 2)

typical = Definition("typical datapoints, p = 1/4", p_[i], sp.Rational(1, 4), (i,), assumption=TYPICAL)


def _network(name: str, skip: sp.Expr, branch: sp.Expr) -> tuple[Setting, Rule]:
    """The setting in which every layer has these weights of skip connection and branch, and the rule that says so."""
    layer = (
        Definition(f"the skip connection of a {name} layer", e[i], skip, (i,)),
        Definition(f"the branch of a {name} layer", b[i], branch, (i,)),
    )
    values = {alpha: Fraction(2, 3), beta: Fraction(3, 2), gamma: Fraction(3, 5)}
    shapes = ((1, 1), (2, 1), (1, 2))
    instances = tuple(
        replace(at, values={**at.values, L: depth}, arrays={p_: at.arrays[p_]})
        for depth, width in shapes
        for at in [instance(depth, width, values=values)]
    )
    setting = replace(
        two_inputs, name=f"{name} network", definitions=(*two_inputs.definitions, *layer), instances=instances
    )
    return setting, definition(layer[0]) & definition(layer[1])


feedforward, as_feedforward = _network("feed-forward", sp.S.Zero, sp.S.One)
residual, as_residual = _network("residual", alpha, alpha * beta)
highway, as_highway = _network("highway", gamma, sp.sqrt(1 - gamma**2))

_whole = {i: sp.S.Zero, d: L}  # the path through all L layers
_variance = by_theorem(variance_path, at=_whole)
_covariance = by_theorem(covariance_path, at=_whole)


def _right(path: Theorem) -> sp.Expr:
    return path.derivation().statement.right.subs(_whole, simultaneous=True)


def _correlation(p: Proof, layer: Rule, variance: sp.Expr, covariance: sp.Expr, value: sp.Expr) -> Chain:
    """C_0/V_0 for layers that multiply the variance and the covariance by these factors."""
    p.assume(*HYPOTHESES, TYPICAL)
    return p.calc(
        C[0] / V[0],
        *("=", _right(covariance_path) / _right(variance_path), _covariance & _variance),
        *("=", covariance**L / variance**L, layer & definition(typical)),
        *("=", value, algebra),
    )


@theorem("shattering.feedforward_variance", source="balduzzi2017, theorem 1a", setting=feedforward, parameters=(DEPTH,))
def feedforward_variance(p: Proof) -> Chain:
    """The variance of the gradient over L rectifier layers with He's weights."""
    p.assume(*HYPOTHESES)
    return p.calc(V[0], "=", _right(variance_path), _variance, "=", 1, as_feedforward)


@theorem(
    "shattering.feedforward_correlation", source="balduzzi2017, theorem 1b", setting=feedforward, parameters=(DEPTH,)
)
def feedforward_correlation(p: Proof) -> Chain:
    """The correlation of two typical datapoints' gradients over L rectifier layers."""
    return _correlation(p, as_feedforward, sp.S.One, _HALF, sp.Integer(2) ** -L)


@theorem(
    "shattering.resnet_variance", source="balduzzi2017, theorem 2", setting=residual, parameters=(DEPTH, _ALPHA, _BETA)
)
def resnet_variance(p: Proof) -> Chain:
    """The variance of the gradient over L residual layers without normalisation."""
    p.assume(*HYPOTHESES)
    value = (alpha**2 * (1 + beta**2)) ** L
    return p.calc(V[0], "=", _right(variance_path), _variance, "=", value, as_residual)


@theorem(
    "shattering.resnet_correlation",
    source="balduzzi2017, theorem 2",
    setting=residual,
    parameters=(DEPTH, _ALPHA, _BETA),
)
def resnet_correlation(p: Proof) -> Chain:
    """The correlation of two typical datapoints' gradients over L residual layers without normalisation."""
    value = ((2 + beta**2) / (2 + 2 * beta**2)) ** L
    return _correlation(p, as_residual, alpha**2 * (1 + beta**2), alpha**2 * (1 + beta**2 / 2), value)


@theorem(
    "shattering.highway_correlation",
    source="balduzzi2017, corollary 1",
    setting=highway,
    parameters=(DEPTH, Parameter("gamma1", Reals(0, 1), gamma)),
)
def highway_correlation(p: Proof) -> Chain:
    """The correlation of two typical datapoints' gradients over L highway layers with gamma_1^2 + gamma_2^2 = 1."""
    value = ((1 + gamma**2) / 2) ** L
    return _correlation(p, as_highway, sp.S.One, (1 + gamma**2) / 2, value)


def _at_most_exponential(line: sp.Basic, context: Context) -> sp.Basic:
    """(1 - y)^n <= exp(-n y) for 0 <= y <= 1 and n >= 0, from 1 + t <= exp(t)."""
    base, power = line.as_base_exp()
    if not power.is_nonnegative or not base.is_positive:
        raise RuleDoesNotApply(f"{line} is no power of a positive number")
    return sp.exp(power * (base - 1))


below_exponential = Rule("1 + t <= exp(t)", _at_most_exponential, relation="<=")


@theorem("shattering.highway_limit", source="balduzzi2017, corollary 1", parameters=(DEPTH,))
def highway_limit(p: Proof) -> Chain:
    """With gamma_1^2 = 1 - 1/L the correlation over L highway layers is within exp(-1/2)/(4L - 2) of exp(-1/2).

    Every bound is 1 + t <= exp(t): at t = -1/(2L); at t = 1/(2L - 1), where 1 + t = 1/(1 - 1/(2L)); at t = -1/(4L - 2).
    """
    value, limit, shift = (1 - 1 / (2 * L)) ** L, sp.exp(-_HALF), 1 / (4 * L - 2)
    p.calc(highway_correlation.derivation().statement.right.subs(gamma, sp.sqrt(1 - 1 / L)), "=", value, algebra)
    below = p.calc(value, "<=", limit, below_exponential)
    inverse = p.calc((1 + 1 / (2 * L - 1)) ** L, "<=", sp.exp(L / (2 * L - 1)), below_exponential)
    above = p.calc(sp.exp(-L / (2 * L - 1)), "<=", 1 / inverse.left, reciprocal(inverse), "=", value, algebra)
    small = p.calc(1 - shift, "<=", sp.exp(-shift), below_exponential)
    return p.calc(
        sp.Abs(value - limit),
        *("=", limit - value, ordered(below)),
        *("<=", limit - above.left, less(above)),
        *("=", limit * (1 - sp.exp(-shift)), algebra),
        *("<=", limit * shift, less(small)),
    )
