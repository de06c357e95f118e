"""The exact law of one layer's ratio z and of the walk ln Z: distribution functions at every width and depth.

With k active units N z is chi-square with k degrees of freedom, so P(z <= r) is a mixture of regularised
incomplete gamma functions.  The walk needs complex powers: E z^-s is a mixture of
N^s Gamma(k/2 - s)/(2^s Gamma(k/2)), analytic for Re s < 1/2, and independent layers multiply.  With
S = ln z_1 + ... + ln z_D and c = 1/4 Laplace inversion gives

    P(ln Z <= x) = int exp((c + iv) h) E exp(-(c + iv) S) / (c + iv) dv / (2 pi),   h = x - 2 D ln g,

along a line to the right of the pole at 0, so that no principal value is needed.  Each point of that line costs a
sum over k for rectifiers: a width of 30 takes seconds.  Laws are identified by their Laplace transforms.  Rectifier
layers are given at least one active unit; `dead_probability` is the rest.
Reference: sussillo2014, section 3; feller1971, XIII (transforms); widder1941, II.7 (inversion).
Assumptions: those of `theory.random_walk.ratio`; for the walk, independent layer ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.probability.calculus import identical_law, linearity
from theory.probability.expectation import E, Given, step
from theory.probability.facts import known_integral, product_of_transforms, same_law, y
from theory.probability.setting import Setting
from theory.proof.domains import Exact, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra, by_theorem, cite, rewrite
from theory.proof.theorem import Chain, Parameter, Proof, Theorem
from theory.random_walk.chi_square import (
    POWER,
    RATE,
    SCALE,
    chi_square_cdf,
    chi_square_power,
    log_density,
    rho,
    squares,
)
from theory.random_walk.logarithm import HYPOTHESES, WIDTH, equal_transforms
from theory.random_walk.ratio import (
    FAIR_COINS,
    active_sum,
    active_transform,
    c,
    count_active,
    counting,
    layer,
    normal_ratio,
    ratio,
    ratio_transform,
    some_active,
)
from theory.random_walk.walk import ACTIVATION, DEPTH, GAIN, INDEPENDENT_RATIOS, gain, lnz, walk
from theory.symbols import D, N, a, d, i, k, s

Pairs = frozenset[frozenset[sp.Basic]]

level = sp.Symbol("x", real=True)  # a value of ln Z
v = sp.Symbol("v", real=True)  # runs along the line of inversion


def _at(setting: Setting, values: Mapping[sp.Basic, Exact]) -> Setting:
    """The setting, its instances giving values to further symbols."""
    return replace(setting, instances=tuple(replace(at, values={**at.values, **values}) for at in setting.instances))


_counting = _at(counting, {rho: Fraction(5, 3)})  # no tie: N rho is no sum of the instances' squares


def _over_active(term: sp.Expr) -> sp.Sum:
    return sp.Sum(sp.binomial(N, k) / (sp.Integer(2) ** N - 1) * term, (k, 1, N))


# --- one layer ----------------------------------------------------------------------------------------------


def _independent_product(line: sp.Basic, context: Context) -> sp.Basic:
    """The mean of a product over separate entries is the product of their means."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, E) or not isinstance(part.body, sp.Product):
            return part
        index, *limits = part.body.limits[0]
        for atom in context.setting.atoms(part.body.function):
            family = context.setting.family(atom)
            if family is None or atom.indices != (index,) or not context.grants(family.independent_entries):
                raise RuleDoesNotApply(f"the factors of {part.body} are not known to be independent")
        return sp.Product(E(part.body.function), (index, *limits))

    return rewrite(line, visit)


independent_product = Rule("independence of the factors", _independent_product)


@theorem("random_walk.dead_probability", source="sussillo2014, section 3", setting=layer, parameters=(WIDTH,))
def dead_probability(p: Proof) -> Chain:
    """The probability that no unit of a rectifier layer is active."""
    p.assume(FAIR_COINS)
    return p.calc(
        E(sp.Product(1 - c[i], (i, 1, N))),
        *("=", sp.Product(E(1 - c[i]), (i, 1, N)), independent_product),
        *("=", sp.Integer(2) ** -N, linearity & identical_law),
    )


def _clear(line: sp.Basic, context: Context) -> sp.Basic:
    """1[r - X/N > 0] = 1[N r - X > 0]."""
    return line.replace(lambda part: isinstance(part, step), lambda part: step(sp.expand(N * part.args[0])))


clear_width = Rule("z < r as N z < N r", _clear, judged_in=_counting)
_count_active, _linearity = (replace(rule, judged_in=_counting) for rule in (count_active, linearity))
_RATIO = {"linear": ratio.subs(a, 1), "relu": ratio.subs(a, 0)}
_COPY = {"linear": normal_ratio.subs(a, 1), "relu": active_sum}
_power = N**s * sp.gamma(k / 2 - s) / (2**s * sp.gamma(k / 2))  # E (S_k/N)^-s
_TRANSFORM = {"linear": ratio_transform, "relu": active_transform}


def _mixture(activation: str, value: sp.Expr) -> sp.Expr:
    """A value for k degrees of freedom: at k = N, or averaged over the number k of active units."""
    return value.subs(k, N) if activation == "linear" else _over_active(value)


def _in_squares(activation: str, function: Callable[[sp.Expr], sp.Expr]) -> tuple[Any, ...]:
    """The lines from the mean of function(z), for relu given some activity, to means over chi-square variables."""
    if activation == "linear":
        return E(function(_RATIO["linear"])), "=", E(function(_COPY["linear"])), equal_transforms
    return (
        Given(function(_RATIO["relu"]), some_active),
        *("=", Given(function(_COPY["relu"]), some_active), equal_transforms),
        *("=", _over_active(E(function(squares / N))), _count_active),
    )


def _known(theorem: Theorem, activation: str, at: Mapping[sp.Basic, sp.Expr]) -> Rule:
    return by_theorem(theorem, at={**at, **({k: N} if activation == "linear" else {})})


def _check_density(p: Proof, activation: str, cdf: sp.Expr) -> None:
    """The density of ln(N z): its transform is the proved one, its integral the distribution function."""
    p.let(s, Reals(0, open_low=True))
    density, scale = _mixture(activation, log_density), _mixture(activation, SCALE)
    transform = _TRANSFORM[activation].derivation().statement.right.subs(a, 1)
    weighted = DominatedIntegral(sp.exp(-s * sp.exp(y) / N) * density, (y, -sp.oo, sp.oo), scale, RATE)
    below = DominatedIntegral(density, (y, -sp.oo, sp.log(N * rho)), scale, RATE)
    few = (N <= 5,)  # the sums over k stand under integrals here
    p.calc(weighted, "=", transform, known_integral("the density has the proved transform"), where=few)
    p.calc(below, "=", cdf, known_integral("the density integrated"), where=few)


@theorem(
    "random_walk.ratio_cdf",
    source="sussillo2014, section 3",
    setting=layer,
    parameters=(WIDTH, Parameter("ratio", Reals(0, open_low=True), rho), ACTIVATION),
)
def ratio_cdf(p: Proof, activation: str) -> Chain:
    """The probability that a layer's squared-norm ratio is at most a given one; for relu given some activity."""
    p.assume(*HYPOTHESES, FAIR_COINS)
    below = E(step(N * rho - squares))
    value = _mixture(activation, sp.lowergamma(k / 2, N * rho / 2) / sp.gamma(k / 2))
    _check_density(p, activation, value)
    return p.calc(
        *_in_squares(activation, lambda z: step(rho - z)),
        *("=", _mixture(activation, below), clear_width),
        *("=", value, _known(chi_square_cdf, activation, {rho: N * rho})),
    )


@theorem(
    "random_walk.ratio_power",
    source="sussillo2014, section 3",
    setting=layer,
    parameters=(WIDTH, POWER, ACTIVATION),
)
def ratio_power(p: Proof, activation: str) -> Chain:
    """The mean of a negative power of a layer's squared-norm ratio; for relu given some activity."""
    p.assume(*HYPOTHESES, FAIR_COINS)
    return p.calc(
        *_in_squares(activation, lambda z: z**-s),
        *("=", _mixture(activation, N**s * E(squares**-s)), _linearity),
        *("=", _mixture(activation, _power), _known(chi_square_power, activation, {})),
    )


# --- the walk -----------------------------------------------------------------------------------------------

_walk = _at(walk, {level: Fraction(5, 2), s: Fraction(1, 4)})
_sum = sp.Sum(lnz[d], (d, 1, D))
_height = level - 2 * D * sp.log(gain)
_line = sp.Rational(1, 4) + sp.I * v


def _walk_power(activation: str) -> sp.Expr:
    return _mixture(activation, _power) ** D


@theorem(
    "random_walk.walk_power",
    source="sussillo2014, section 3",
    setting=_walk,
    parameters=(WIDTH, DEPTH, POWER, ACTIVATION),
)
def walk_power(p: Proof, activation: str) -> Chain:
    """The mean of a negative power of a product of depth independent ratios; for relu given no dead layer."""
    p.assume(INDEPENDENT_RATIOS)
    one = E(sp.exp(-s * lnz[1]))
    value = ratio_power.derivation(activation).statement.right
    ratio_by_logarithm = Rule(
        f"L = ln z; by {ratio_power.name}",
        lambda line, context: line.xreplace({one: value}),
        uses=(ratio_power.name,),
        appeal=True,
    )
    return p.calc(
        E(sp.exp(-s * _sum)),
        *("=", sp.Product(E(sp.exp(-s * lnz[d])), (d, 1, D)), product_of_transforms),
        *("=", one**D, same_law),
        *("=", _walk_power(activation), ratio_by_logarithm),
    )


# On the line |Gamma(b - iv)| <= Gamma(b) cos(q)^-b exp(-q |v|) for b > 0 and 0 <= q < pi/2: turn the ray of Euler's
# integral by q.  Here b = k/2 - 1/4 < N/2 and q = 1/sqrt(N); Gamma(k/2 - 1/4)/Gamma(k/2) falls with k, since psi
# increases, so at k = 1 it is largest.
_QUARTER = sp.Rational(1, 4)
_ANGLE = 1 / sp.sqrt(N)
_STEP = (N / 2) ** _QUARTER * sp.gamma(_QUARTER) / sp.sqrt(sp.pi) / sp.cos(_ANGLE) ** (N / 2)
_MAJORANT = (2 / sp.pi * sp.exp(_height / 4) * _STEP**D, D * _ANGLE)  # 1/|1/4 + iv| <= 4


def _inversion(mean: sp.Expr) -> DominatedIntegral:
    body = sp.exp(_line * _height) * mean / (2 * sp.pi * _line)
    return DominatedIntegral(body, (v, -sp.oo, sp.oo), *_MAJORANT)


_transform_on_line = E(sp.exp(-s * _sum)).subs(s, _line)
inverted = cite("Laplace inversion", "widder1941, II.7", E(step(_height - _sum)), _inversion(_transform_on_line))


@theorem(
    "random_walk.walk_cdf",
    source="sussillo2014, section 3",
    setting=_walk,
    parameters=(WIDTH, DEPTH, GAIN, ACTIVATION, Parameter("log_ratio", Reals(None), level)),
)
def walk_cdf(p: Proof, activation: str) -> Chain:
    """The probability that ln Z over depth layers is at most a given value; for relu given no dead layer."""
    p.assume(INDEPENDENT_RATIOS)
    value = _inversion(_walk_power(activation).subs(s, _line))
    single = ratio_cdf.derivation(activation).statement.right.subs(rho, sp.exp(_height.subs(D, 1)))
    points: list[dict[sp.Basic, Exact]] = [
        {N: 1, gain: 1, level: -1},
        {N: 3, gain: Fraction(3, 2), level: Fraction(1, 2)},
    ]
    only = {"points": points, "where": (sp.false,)}  # elsewhere in the domain the integral may take long
    p.calc(value.subs(D, 1), "=", single, known_integral("depth 1: the law of one layer"), **only)
    continued = by_theorem(walk_power, activation, at={s: _line})
    return p.calc(
        E(step(level - sp.Sum(2 * sp.log(gain) + lnz[d], (d, 1, D)))),
        *("=", E(step(_height - _sum)), algebra),
        *("=", _inversion(_transform_on_line), inverted),
        *("=", value, replace(continued, name=f"{continued.name}, both sides being analytic in s")),
    )
