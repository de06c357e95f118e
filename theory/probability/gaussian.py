"""Gaussian integrals: expectations under a centred normal law, and the rules that evaluate them.

Result: for a bounded g, E[g(s)] with s ~ N(0, variance) is the integral of g times the normal density;
polynomials times exponentials integrate to incomplete Gaussian moments; as a function of the variance,
E[g(s)] obeys Price's theorem (the heat equation).
Reference: price1958.
Assumptions: g is bounded and piecewise smooth; its kinks are null sets and may be left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, RuleDoesNotApply, rewrite

if TYPE_CHECKING:
    from theory.proof.theorem import Chain

LINE = (-sp.oo, sp.oo)


def density(variable: sp.Symbol, variance: sp.Expr) -> sp.Expr:
    """The density of the centred normal law of a variance."""
    return sp.exp(-(variable**2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def expectation(
    body: sp.Expr, variable: sp.Symbol, ends: tuple[sp.Expr, sp.Expr], variance: sp.Expr, bound: sp.Expr
) -> DominatedIntegral:
    """E[body; variable in (ends)] for variable ~ N(0, variance), where |body| <= bound there.

    The majorant: (|t| - 1)^2 >= 0 gives exp(-t^2/2) <= exp(1/2) exp(-|t|), used at variable/sqrt(variance).
    """
    sigma = sp.sqrt(variance)
    scale = bound * sp.exp(sp.Rational(1, 2)) / (sp.sqrt(2 * sp.pi) * sigma)
    return DominatedIntegral(body * density(variable, variance), (variable, *ends), scale, 1 / sigma)


def _on_integrals(change: Callable[[DominatedIntegral], sp.Expr]) -> Callable[[Any, Context], sp.Basic]:
    """The derivation that applies `change` to every integral with a majorant."""

    def visit(part: sp.Basic, distinct: Any) -> sp.Basic:
        return change(part) if isinstance(part, DominatedIntegral) else part

    return lambda line, context: rewrite(line, visit)


# --- changes of variable and of form ------------------------------------------------------------------------


def stretch(old: sp.Symbol, factor: sp.Expr, new: sp.Symbol) -> Rule:
    """The substitution old = factor * new, factor > 0."""

    def change(part: DominatedIntegral) -> sp.Expr:
        if part.variable != old:
            return part
        limits = (new, part.lower / factor, part.upper / factor)
        body = part.body.xreplace({old: factor * new}) * factor
        return DominatedIntegral(body, limits, part.scale * factor, part.rate * factor)

    return Rule(f"substitution {old} = {factor * new}", _on_integrals(change))


def _reflect(part: DominatedIntegral) -> sp.Expr:
    if part.lower != -sp.oo or part.upper == sp.oo:
        return part
    body = part.body.xreplace({part.variable: -part.variable})
    return DominatedIntegral(body, (part.variable, -part.upper, sp.oo), part.scale, part.rate)


reflection = Rule("reflection of the left half-line", _on_integrals(_reflect))


def _vanishes(expr: sp.Expr) -> bool:
    """Whether an expression is 0 as a rational function of exponentials and of whatever else occurs in it."""
    return bool(sp.expand(sp.numer(sp.together(expr.rewrite(sp.tanh, sp.exp)))) == 0)


def _integrands(line: sp.Expr) -> dict[sp.Basic, sp.Expr]:
    """A sum of multiples of integrals as one integrand for each range; what is no integral stands under 0."""
    total: dict[sp.Basic, sp.Expr] = defaultdict(lambda: sp.S.Zero)
    for term in sp.Add.make_args(sp.expand(line, deep=False)):
        factor, part = term.as_independent(DominatedIntegral, as_Add=False)
        if isinstance(part, DominatedIntegral):
            total[part.args[1]] += factor * part.body
        else:
            total[sp.S.Zero] += term
    return total


def same_integrands(target: sp.Expr) -> Rule:
    """Linearity of the integral and algebra under it: over every range the integrands add up to the same.

    target: the line to be reached.  Its majorants are its author's claim; the value does not depend on them.
    """

    def derive(line: Any, context: Context) -> sp.Basic:
        left, right = _integrands(line), _integrands(target)
        for limits in {*left, *right}:
            if not _vanishes(left[limits] - right[limits]):
                raise RuleDoesNotApply(f"the integrands over {limits} differ")
        return target

    return Rule("the same integrands", derive)


# --- polynomials times exponentials -------------------------------------------------------------------------


def _standard_moment(k: int, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """The integral of y^k exp(-y^2/2) from low to high, by parts down to k = 0 or 1."""
    if k == 0:
        root = sp.sqrt(sp.pi / 2)
        if high == sp.oo:
            return root * (sp.S(2) if low == -sp.oo else sp.erfc(low / sp.sqrt(2)))
        if low == -sp.oo:
            return root * sp.erfc(-high / sp.sqrt(2))
        return root * (sp.erf(high / sp.sqrt(2)) - sp.erf(low / sp.sqrt(2)))
    boundary = sp.S.Zero
    for end, sign in ((low, 1), (high, -1)):
        boundary += 0 if end.is_infinite else sign * end ** (k - 1) * sp.exp(-(end**2) / 2)
    return boundary if k == 1 else boundary + (k - 1) * _standard_moment(k - 2, low, high)


def _moment(k: int, exponent: sp.Poly, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """The integral of x^k exp(exponent), exponent = -alpha x^2 + beta x + gamma, by completing the square."""
    alpha, beta, gamma = -exponent.nth(2), exponent.nth(1), exponent.nth(0)
    if not alpha.is_positive:
        raise RuleDoesNotApply(f"exp({exponent.as_expr()}) is not known to be integrable")
    centre, sigma = beta / (2 * alpha), 1 / sp.sqrt(2 * alpha)
    ends = [end if end.is_infinite else sp.expand((end - centre) / sigma) for end in (low, high)]
    powers = (sp.binomial(k, j) * centre ** (k - j) * sigma**j * _standard_moment(j, *ends) for j in range(k + 1))
    return sp.exp(gamma + beta**2 / (4 * alpha)) * sigma * sp.Add(*powers)


def _with_erf(k: int, exponent: sp.Poly, inside: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """The integral over the line of x^k erf(c x) exp(-alpha x^2): k = 0 by symmetry, k = 1 by parts."""
    c, alpha = sp.diff(inside, x), -exponent.nth(2)
    if c.has(x) or sp.expand(inside - c * x) != 0 or exponent.nth(1) != 0 or k > 1:
        return None
    if k == 0:
        return sp.S.Zero
    steeper = sp.Poly(exponent.as_expr() - inside**2, x)
    return c / (sp.sqrt(sp.pi) * alpha) * _moment(0, steeper, *LINE)


def _term(term: sp.Expr, x: sp.Symbol, low: sp.Expr, high: sp.Expr) -> sp.Expr | None:
    """The integral of constant * x^k * exp(quadratic), with at most one factor erf(c x), else None."""
    constant, rest = term.as_independent(x, as_Add=False)
    power, exponent, inside = 0, sp.S.Zero, None
    for factor in sp.Mul.make_args(rest):
        base, times = factor.as_base_exp()
        if base == x and times.is_Integer and times >= 0:
            power += int(times)
        elif isinstance(factor, sp.exp) and factor.args[0].is_polynomial(x):
            exponent += factor.args[0]
        elif isinstance(factor, sp.erf) and inside is None:
            inside = factor.args[0]
        elif factor != 1:
            return None
    quadratic = sp.Poly(exponent, x)
    if quadratic.degree() > 2 or (inside is not None and (low, high) != LINE):
        return None
    value = _moment(power, quadratic, low, high) if inside is None else _with_erf(power, quadratic, inside, x)
    return None if value is None else constant * value


def _evaluate(part: DominatedIntegral) -> sp.Expr:
    terms = sp.Add.make_args(sp.expand(part.body))
    values = [_term(term, part.variable, part.lower, part.upper) for term in terms]
    return part if None in values else sp.Add(*values)


gaussian_integral = Rule("Gaussian integral", _on_integrals(_evaluate))


# --- the variance as time -----------------------------------------------------------------------------------


def price(rate_of_change: Chain, time: sp.Symbol, variance: sp.Expr) -> Rule:
    """Price's theorem: E g(sqrt(v) x) = g(0) + the integral of E g''(sqrt(t) x)/2 over t from 0 to v.

    rate_of_change: a chain from E g''(sqrt(t) x)/2, x ~ N(0, 1) and t = `time`, to its value.  g'' must be
    bounded, so that the expectation may be differentiated; the majorant of the chain's first line claims it.
    """

    def derive(line: Any, context: Context) -> sp.Basic:
        half = rate_of_change.left
        if not all(isinstance(e, DominatedIntegral) and (e.lower, e.upper) == LINE for e in (line, half)):
            raise RuleDoesNotApply("Price's theorem speaks of one expectation over the whole line")
        x = line.variable
        g = (line.body / density(x, sp.S.One)).xreplace({x: x / sp.sqrt(variance)})
        expected = (sp.diff(g, x, 2) / 2).xreplace({x: sp.sqrt(time) * x}) * density(x, sp.S.One)
        if half.variable != x or not _vanishes(half.body - expected):
            raise RuleDoesNotApply(f"{half} is not half the expected second derivative")
        return g.subs(x, 0) + sp.Integral(rate_of_change.right, (time, 0, variance))

    return Rule("Price's theorem", derive)


def primitive(function: sp.Expr, variable: sp.Symbol) -> Rule:
    """The fundamental theorem of calculus with a given primitive, which is checked by differentiation."""

    def visit(part: sp.Basic, distinct: Any) -> sp.Basic:
        if not isinstance(part, sp.Integral) or part.limits[0][0] != variable:
            return part
        if not _vanishes(sp.diff(function, variable) - part.function):
            raise RuleDoesNotApply(f"{function} is no primitive of {part.function}")
        _, lower, upper = part.limits[0]
        return function.subs(variable, upper) - function.subs(variable, lower)

    return Rule("fundamental theorem of calculus", lambda line, context: rewrite(line, visit))
